"""A small real HTTP API on loopback that misbehaves as a test scripts it.

It keeps `items` by `id`, each with a unique `sku`, and sorts them by `changed` and `id`:

    GET /items             `limit`, `offset`, `page`, `after`, `since` (inclusive), `ids`, `skus`
    GET|PATCH|DELETE /items/{id}
    POST /items            one record or an array: all or none
    PATCH /items           an array with IDs; unknown ones are silently left out, as real APIs do
    PUT /items             upsert of an array by `sku`, with a result for each record
    GET /items?idsJson=    the same as `ids`, as a JSON array
    POST /token            OAuth2 client credentials

A record with `price` below 0 is refused. `effects` counts what was done, by Idempotency-Key.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import Counter, deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from syncline.domain.record import JsonObject, Record

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


class ReceivedRequest(msgspec.Struct):
    """A request as it came; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Trouble(msgspec.Struct):
    """What happens to one request instead of the proper answer.

    Attributes:
        method: only a request of this method meets it; "" any.
        status, headers, body: the answer; no status: the connection is cut without one.
        applied: the request is carried out first.
        hangs: no answer comes until the server closes.
        proper: the proper answer after all, so that trouble begins behind it.
    """

    method: str = ""
    status: int | None = None
    headers: Mapping[str, str] = {}
    body: bytes = b""
    applied: bool = False
    hangs: bool = False
    proper: bool = False


class Reply(msgspec.Struct):
    status: int = 200
    body: object = None
    headers: Mapping[str, str] = {}


class HttpApi:
    """The API and what was asked of it.

    Attributes:
        key: what records are upserted by; if it is `id`, records bring their IDs along.
        login: header value that `Authorization` must have, if any.
        seconds: how long each answer takes.
        unknown: fields that are dropped in silence, as real APIs do.
        tokens: OAuth2 tokens that are good; each login adds one.
        largest_body: bytes of a request's body above which it is refused with 413.
    """

    def __init__(self) -> None:
        self.items: dict[str, JsonObject] = {}
        self.asked: list[ReceivedRequest] = []
        self.effects: Counter[str] = Counter()
        self.trouble: deque[Trouble] = deque()
        self.key = "sku"
        self.seconds = 0.0
        self.unknown: frozenset[str] = frozenset()
        self.login: str | None = None
        self.tokens: set[str] | None = None
        self.largest_page = 1000
        self.largest_body: int | None = None
        self.url = ""
        self._logins = 0
        self._made = 0
        self._closing = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        """Listen on a port of 127.0.0.1, by default a free one; `url` tells where.

        After `close` it may be started again, and has what it had.
        """
        self._closing.clear()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, ssl=tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"

    async def close(self) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def add(self, *records: Record) -> None:
        for record in records:
            self.items[str(record["id"])] = record

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            while (asked := await _asked(reader)) is not None:
                self.asked.append(asked)
                if not await self._exchange(asked, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, asked: ReceivedRequest, writer: asyncio.StreamWriter) -> bool:
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if not self.trouble or self.trouble[0].method not in ("", asked.method):
            await _send(writer, self._reply(asked))
            return True
        trouble = self.trouble.popleft()
        if trouble.proper:
            await _send(writer, self._reply(asked))
            return True
        if trouble.applied:
            self._reply(asked)
        if trouble.hangs:
            await self._closing.wait()
        if trouble.status is None or trouble.hangs:
            return False
        await _send(writer, Reply(trouble.status, trouble.body, trouble.headers))
        return True

    def _reply(self, asked: ReceivedRequest) -> Reply:
        if asked.path == "/token":
            return self._token()
        given = asked.headers.get("authorization", "")
        if self.login is not None and given != self.login:
            return _error(401, f"who is {given}?")
        if self.tokens is not None and given.removeprefix("Bearer ") not in self.tokens:
            return _error(401, "token expired")
        if self.largest_body is not None and len(asked.body) > self.largest_body:
            return _error(413, f"the body has more than {self.largest_body} bytes")
        answers: dict[str, Callable[[ReceivedRequest], Reply]] = {
            "GET": self._get,
            "POST": self._post,
            "PATCH": self._patch,
            "PUT": self._put,
            "DELETE": self._delete,
        }
        if not asked.path.startswith("/items") or asked.method not in answers:
            return _error(404, f"no such resource: {asked.path}")
        return answers[asked.method](asked)

    def _token(self) -> Reply:
        self._logins += 1
        token = f"token-{self._logins}"
        self.tokens = (self.tokens or set()) | {token}
        return Reply(body={"access_token": token, "expires_in": 3600})

    def _get(self, asked: ReceivedRequest) -> Reply:
        if asked.path != "/items":
            record = self.items.get(asked.path.removeprefix("/items/"))
            return Reply(body={"data": record}) if record else _error(404, "no such item")
        query = asked.query
        found = sorted(
            self.items.values(), key=lambda r: (str(r.get("changed") or ""), str(r["id"]))
        )
        if "since" in query:
            found = [r for r in found if str(r.get("changed") or "") >= query["since"]]
        for name, field in (("ids", "id"), ("skus", "sku"), ("idsJson", "id")):
            if name in query:
                as_json = name.endswith("Json")
                wanted = _decode(query[name]) if as_json else query[name].split(",")
                found = [r for r in found if str(r.get(field)) in wanted]
        size = min(int(query.get("limit", self.largest_page)), self.largest_page)
        start = int(query.get("offset", 0)) + (int(query.get("page", 1)) - 1) * size
        start += int(query.get("after", 0))
        more = start + size < len(found)
        body = {"data": found[start : start + size], "total": len(found)}
        headers = {}
        if more:
            body["next"] = str(start + size)
            rest = "".join(f"&{n}={v}" for n, v in query.items() if n != "offset")
            headers["Link"] = f'</items?offset={start + size}{rest}>; rel="next"'
        return Reply(body=body, headers=headers)

    def _post(self, asked: ReceivedRequest) -> Reply:
        body = _decode(asked.body)
        records = body if isinstance(body, list) else [body]
        for record in records:
            if problem := self._problem(record, None):
                return _error(400, problem)
        created = [self._store(self._new_id(), record, asked) for record in records]
        return Reply(201, {"data": created if isinstance(body, list) else created[0]})

    def _patch(self, asked: ReceivedRequest) -> Reply:
        body = _decode(asked.body)
        if isinstance(body, list):
            known = [record for record in body if str(record["id"]) in self.items]
            for record in known:
                if problem := self._problem(record, str(record["id"])):
                    return _error(400, problem)
            return Reply(body={"data": [self._store(str(r["id"]), r, asked) for r in known]})
        id_ = asked.path.removeprefix("/items/")
        if id_ not in self.items:
            return _error(404, "no such item")
        problem = self._problem(body, id_)
        return (
            _error(422, problem) if problem else Reply(body={"data": self._store(id_, body, asked)})
        )

    def _put(self, asked: ReceivedRequest) -> Reply:
        return Reply(body={"results": [self._upsert(r, asked) for r in _decode(asked.body)]})

    def _upsert(self, record: Record, asked: ReceivedRequest) -> JsonObject:
        key = record[self.key]
        known = next((i for i, r in self.items.items() if r[self.key] == key), None)
        if problem := self._problem(record, known):
            return {self.key: key, "status": 422, "error": problem}
        new = str(key) if self.key == "id" else self._new_id()
        stored = self._store(known or new, record, asked)
        return {self.key: key, "status": 200, "id": stored["id"]}

    def _delete(self, asked: ReceivedRequest) -> Reply:
        gone = self.items.pop(asked.path.removeprefix("/items/"), None)
        return Reply(204) if gone else _error(404, "no such item")

    def _problem(self, record: Record, known: str | None) -> str | None:
        price = record.get("price")
        if isinstance(price, int | Decimal) and price < 0:
            return f"price must not be negative, got {price}"
        sku = record.get("sku")
        if any(r.get("sku") == sku and i != known for i, r in self.items.items()) and sku:
            return f"sku {sku} is taken"
        return None

    def _new_id(self) -> str:
        self._made += 1
        return str(self._made)

    def _store(self, id_: str, record: Record, asked: ReceivedRequest) -> JsonObject:
        taken = {name: value for name, value in record.items() if name not in self.unknown}
        self.items[id_] = self.items.get(id_, {}) | taken | {"id": id_}
        self.effects[asked.headers.get("idempotency-key", "")] += 1
        return self.items[id_]


def _error(status: int, message: str | None) -> Reply:
    return Reply(status, {"errors": [{"message": message, "code": f"E{status}"}]})


async def _asked(reader: asyncio.StreamReader) -> ReceivedRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head.split(" ", 2)
    lines = re.findall(r"(?m)^([^:\r\n]+):[ \t]*([^\r\n]*)", head.partition("\r\n")[2])
    headers = {name.lower(): value for name, value in lines}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return ReceivedRequest(method, unquote(parts.path), query, headers, body)


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    body = reply.body if isinstance(reply.body, bytes) else b""
    if reply.body is not None and not isinstance(reply.body, bytes):
        body = _encode(reply.body)
    headers = {"Content-Type": "application/json", "Content-Length": len(body), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} Said\r\n{lines}\r\n".encode() + body)
    await writer.drain()
