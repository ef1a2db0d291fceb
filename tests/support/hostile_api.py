"""An HTTP API that does what real ones do to their callers, without a network.

It loses answers before and after their effect, works on after the caller has given up, forgets
records, cuts look-ups, answers from memory by Idempotency-Key, asks to wait, and tells errors with
200. `items` is the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.client import Request
from syncline.domain.errors import RetriableError


class Manners(msgspec.Struct, frozen=True):
    """How one API behaves.

    Attributes:
        trouble: the share of calls that meet trouble.
        honours_keys: a key that comes again is answered from memory.
        page: most records in a look-up's answer; `total` tells how many there are.
        ignores_filter: look-ups answer the first page of everything.
        gone_with_200: an update of what is not there answers 200 with an error.
        odd_bulks: results of bulks come in another order, some twice.
        forgets: the share of rounds after which a record is lost.
    """

    trouble: float = 0.3
    honours_keys: bool = False
    page: int = 100
    ignores_filter: bool = False
    gone_with_200: bool = False
    odd_bulks: bool = False
    forgets: float = 0.0


class HostileApi:
    """The API; `send` fits the connector's client."""

    def __init__(self, manners: Manners, random: Random) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.forgotten: set[str] = set()
        self.held: list[dict[str, Any]] = []
        self.quiet = False
        self._manners = manners
        self._random = random
        self._made = 0
        self._late: list[Callable[[], object]] = []
        self._known: dict[str, tuple[int, bytes]] = {}

    def add(self, record: dict[str, Any]) -> str:
        self._made += 1
        self.items[str(self._made)] = {**record, "id": self._made}
        return str(self._made)

    def records(self, sku: str) -> list[dict[str, Any]]:
        return [record for record in self.items.values() if record["sku"] == sku]

    def time_passes(self) -> None:
        """Let everything happen that callers gave up waiting for; perhaps forget a record."""
        late, self._late = self._late, []
        for effect in late:
            effect()
        if self.items and not self.quiet and self._random.random() < self._manners.forgets:
            lost = self.items.pop(self._random.choice(sorted(self.items)))
            self.forgotten.add(lost["sku"])

    async def send(self, request: Request) -> Answer:
        trouble = "" if self.quiet else self._trouble(request.method)
        if trouble == "busy":
            after = str(self._random.choice([1, 90, 3600]))
            return Answer(429, {"retry-after": after}, b"", request.where)
        if trouble == "before":
            raise _lost("connection_lost")
        if trouble == "late":
            self._late.append(lambda: self._carried_out(request))
            raise _lost("timeout")
        status, body = self._carried_out(request)
        if trouble == "after":
            raise _lost(self._random.choice(["connection_lost", "timeout"]))
        return Answer(status, {"content-type": "application/json"}, body, request.where)

    def _trouble(self, method: str) -> str:
        if self._random.random() >= self._manners.trouble:
            return ""
        kinds = ["busy"] if method == "GET" else ["busy", "before", "after", "late"]
        return self._random.choice(kinds)

    def _carried_out(self, request: Request) -> tuple[int, bytes]:
        key = request.headers.get("Idempotency-Key", "")
        if key and key in self._known and self._manners.honours_keys:
            return self._known[key]
        status, document = self._answer(request)
        self.held += [dict(record) for record in self.items.values()]
        answered = status, msgspec.json.encode(document)
        if key and status < 300:
            self._known[key] = answered
        return answered

    def _answer(self, request: Request) -> tuple[int, object]:
        parts = urlsplit(request.url)
        if request.method == "GET":
            return 200, self._found(parse_qs(parts.query).get("skus", [""])[0].split(","))
        sent = msgspec.json.decode(request.body or b"{}")
        _, _, known = parts.path.partition("/items/")
        if request.method == "PATCH":
            return self._updated(unquote(known), sent) if known else self._all_updated(sent)
        if isinstance(sent, list):
            made = [self.items[self.add(record)] for record in sent]
            return 200, {"data": self._told(made)}
        return 201, {"data": self.items[self.add(sent)]}

    def _found(self, skus: list[str]) -> object:
        everything = sorted(self.items.values(), key=lambda record: record["id"])
        if not self._manners.ignores_filter:
            everything = [record for record in everything if record["sku"] in skus]
        return {"data": everything[: self._manners.page], "total": len(everything)}

    def _updated(self, id_: str, sent: dict[str, Any]) -> tuple[int, object]:
        if id_ not in self.items:
            error = {"error": f"item {id_} does not exist"}
            return (200, error) if self._manners.gone_with_200 else (404, error)
        self.items[id_] |= sent
        return 200, {"data": self.items[id_]}

    def _all_updated(self, sent: list[dict[str, Any]]) -> tuple[int, object]:
        there = [record for record in sent if str(record["id"]) in self.items]
        for record in there:
            self.items[str(record["id"])] |= record | {"id": int(record["id"])}
        return 200, {"data": self._told([self.items[str(r["id"])] for r in there])}

    def _told(self, made: list[dict[str, Any]]) -> list[dict[str, Any]]:
        told = [dict(record) for record in made]
        if self._manners.odd_bulks and told and not self.quiet:
            self._random.shuffle(told)
            if self._random.random() < 0.3:
                told.append(dict(self._random.choice(told)))
        return told


def _lost(code: str) -> RetriableError:
    return RetriableError("no answer came", code=code, ambiguous=True)
