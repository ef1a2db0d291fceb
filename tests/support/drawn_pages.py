"""An API that pages as it was drawn: honest, lying, torn, in circles; with what must come of it.

It answers without a network, so that hypothesis can try thousands. `must` says what the model
demands of a read: all records exactly once, or a failure that has a name; never less in silence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from hypothesis import strategies as st

from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.client.client import Request
from syncline.connectors.http.client.login import LoginHeaders
from syncline.connectors.http.settings.profile import HttpSettings
from syncline.domain.mapping.extraction import Extraction, ExtractionMode


class Total(StrEnum):
    NONE = "none"
    TRUE = "true"
    TEXT = "text"
    PAGE = "the page's count"
    CAPPED = "capped"
    LARGE = "too large"
    NULL = "null"


class More(StrEnum):
    NONE = "none"
    TRUE = "true"
    TEXT = "text"
    OMITTED = "left out at the end"
    NULL = "null"


class Last(StrEnum):
    """How the last page of tokens says that it is the last."""

    NULL = "null"
    MISSING = "missing"
    EMPTY = "empty text"
    FALSE = "false"
    EMPTY_PAGE = "an empty page behind it"
    SAME = "its own token with an empty page"
    CIRCLE = "the first token"


class Fault(StrEnum):
    BLANK = "blank"
    NULL = "null"
    OBJECT = "{}"
    NO_CONTENT = "204"
    HALF = "half"
    HTML = "html"
    WORDS = "words"
    NULL_RECORDS = "null records"
    ODD_RECORDS = "an object for the records"
    NO_RECORDS = "an empty list"
    AWAY = "503"
    BUSY = "429"
    REFUSED = "400"
    TOKEN = "a token that is an object"
    PARTIAL = "206"
    GRAPHQL = "errors beside data"


PASSING = frozenset(
    {Fault.BLANK, Fault.NULL, Fault.OBJECT, Fault.NO_CONTENT, Fault.HALF, Fault.WORDS,
     Fault.NULL_RECORDS, Fault.ODD_RECORDS, Fault.AWAY, Fault.BUSY, Fault.PARTIAL}
)  # fmt: skip
"""Faults that another try gets over where they come once, and not with the first answer."""


_INSTEAD: dict[Fault | None, tuple[int, bytes]] = {
    Fault.AWAY: (503, b'{"message": "no"}'),
    Fault.BUSY: (429, b'{"message": "no"}'),
    Fault.REFUSED: (400, b'{"message": "no"}'),
    Fault.NO_CONTENT: (204, b""),
    Fault.BLANK: (200, b" "),
    Fault.HTML: (200, b"<html>away</html>"),
    Fault.NULL: (200, b"null"),
    Fault.OBJECT: (200, b"{}"),
    Fault.WORDS: (200, b"come back later"),
}
_IN_DOCUMENT: dict[Fault, dict[str, Any]] = {
    Fault.NULL_RECORDS: {"data": None},
    Fault.ODD_RECORDS: {"data": {"0": 1}},
    Fault.TOKEN: {"next": {"href": "x"}},
    Fault.GRAPHQL: {"errors": [{"message": "lost half"}]},
}


class Drawn(msgspec.Struct, kw_only=True):
    """What the API is like."""

    type: str
    records: int
    cap: int
    asked: int
    sized: bool
    total: Total
    more: More
    last: Last
    gaps: frozenset[int]
    faults: dict[int, Fault]
    stuck: bool
    broken: frozenset[int]
    page_size: int
    ordered: bool

    @property
    def by_token(self) -> bool:
        return self.type in ("cursor", "link")


def drawn() -> st.SearchStrategy[Drawn]:
    """Draw an API; most are honest but for one or two things."""
    return st.builds(
        Drawn,
        type=st.sampled_from(["none", "page", "offset", "cursor", "link"]),
        records=st.integers(0, 12),
        cap=st.integers(1, 5),
        asked=st.integers(1, 6),
        sized=st.booleans(),
        total=st.sampled_from(Total),
        more=st.sampled_from(More),
        last=st.sampled_from(Last),
        gaps=st.frozensets(st.integers(0, 6), max_size=3),
        faults=st.dictionaries(st.integers(0, 8), st.sampled_from(Fault), max_size=2),
        stuck=st.booleans(),
        broken=st.frozensets(st.integers(0, 11), max_size=2),
        page_size=st.integers(1, 7),
        ordered=st.booleans(),
    )


class HostileApi:
    """Answers requests as an API that is like `drawn`; counts them."""

    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.asked = 0
        settings = HttpSettings.model_validate({"baseUrl": "http://api.test"})
        self.api = Api(settings, LoginHeaders(settings, {}, self), self)

    def extraction(self) -> Extraction:
        """Return the mapping's extraction block that reads it."""
        d = self.drawn
        paging: dict[str, Any] = {"type": d.type}
        if d.type == "cursor":
            paging["next"] = "next"
        if d.sized:
            paging |= {"sizeParameter": "limit", "size": d.asked}
        if d.total is not Total.NONE:
            paging["total"] = "meta.total"
        if d.more is not More.NONE and d.type != "none":
            paging["more"] = "more"
        return Extraction(
            id_column="id",
            mode=ExtractionMode.API,
            endpoint="/items",
            cursor_column="ts",
            parameters={"since": "{cursor}"},
            paging=paging,
            options={"records": "data", "ordered": d.ordered},
        )

    async def send(self, request: Request) -> Answer:
        number, self.asked = self.asked, self.asked + 1
        fault = self.drawn.faults.get(number)
        if fault is None and self.drawn.stuck:
            earlier = [n for n in self.drawn.faults if n <= number]
            fault = self.drawn.faults[max(earlier)] if earlier else None
        query = {k: v[0] for k, v in parse_qs(urlsplit(request.url).query).items()}
        status, body, headers = self._answer(query, fault)
        return Answer(status, headers, body, "GET http://api.test/items")

    def _answer(
        self, query: dict[str, str], fault: Fault | None
    ) -> tuple[int, bytes, dict[str, str]]:
        if fault in _INSTEAD:
            status, body = _INSTEAD[fault]
            return status, body, {}
        records, document, headers = self._page(query)
        document |= _IN_DOCUMENT.get(fault, {}) if fault else {}
        if fault is Fault.TOKEN:
            headers = {"link": "next please"}
        elif fault is Fault.NO_RECORDS:
            records = b""
        body = msgspec.json.encode(document).replace(b'"RECORDS"', records)
        if fault is Fault.HALF:
            body = body[: max(len(body) // 2, 1)]
        if fault is Fault.PARTIAL:
            return 206, body, headers | {"content-range": "bytes 0-9/99"}
        return 200, body, headers

    def _page(self, query: dict[str, str]) -> tuple[bytes, dict[str, Any], dict[str, str]]:
        """Return the records that a request asks for, and what stands around them."""
        d = self.drawn
        size = min(d.cap, int(query.get("limit", d.cap)))
        if d.type == "none":
            size = max(d.records, 1)
        start, is_gap, ends = self._start(query, size)
        found = [] if is_gap else list(range(d.records))[start : start + size]
        upto = start + len(found)
        document: dict[str, Any] = {"data": ["RECORDS"], "meta": {"total": self._total(len(found))}}
        headers: dict[str, str] = {}
        is_last = ends or (not is_gap and upto >= d.records)
        if d.more is not More.NONE and d.type != "none":
            self._say_more(document, not is_last)
        if d.by_token:
            self._say_next(document, headers, start, upto, is_gap=is_gap, is_last=is_last)
        return b",".join(self._record(n) for n in found), document, headers

    def _start(self, query: dict[str, str], size: int) -> tuple[int, bool, bool]:
        """Return where a request begins, whether it is a gap, and whether all was given before."""
        token = query.get("cursor")
        if token == "end":
            return self.drawn.records, True, True
        if token is not None:
            return int(token.lstrip("g")), token.startswith("g"), False
        start = int(query.get("offset", 0)) + (int(query.get("page", 1)) - 1) * size
        return start, False, False

    def _total(self, count: int) -> Any:
        d = self.drawn
        return {
            Total.TRUE: d.records,
            Total.TEXT: str(d.records),
            Total.PAGE: count,
            Total.CAPPED: min(d.records, d.cap * 2),
            Total.LARGE: d.records + 3,
        }.get(d.total)

    def _say_more(self, document: dict[str, Any], more: bool) -> None:
        match self.drawn.more:
            case More.TRUE:
                document["more"] = more
            case More.TEXT:
                document["more"] = "true" if more else "false"
            case More.OMITTED if more:
                document["more"] = True
            case More.NULL:
                document["more"] = None

    def _say_next(
        self, document: dict[str, Any], headers: dict[str, str], start: int, upto: int, *,
        is_gap: bool, is_last: bool,
    ) -> None:  # fmt: skip
        token: Any = str(upto)
        if not is_last and not is_gap and upto in self.drawn.gaps:
            token = f"g{upto}"
        elif is_last:
            ended = is_gap
            token = {
                Last.NULL: None, Last.EMPTY: "", Last.FALSE: False, Last.CIRCLE: "0",
                Last.EMPTY_PAGE: None if ended else "end", Last.SAME: "end",
            }.get(self.drawn.last)  # fmt: skip
            if self.drawn.last is Last.MISSING:
                return
        document["next"] = token
        if token:
            headers["link"] = f'</items?cursor={token}>; rel="next"'

    def _record(self, number: int) -> bytes:
        fine = f'{{"id": "{number}", "ts": "2026-05-01T08:00:{number:02}Z"'
        return (fine + (', "n": NaN}' if number in self.drawn.broken else "}")).encode()


def can_be_noticed(d: Drawn) -> bool:
    """Tell whether an API that leaves records out says anything that speaks against it."""
    counts = d.total in (Total.TRUE, Total.TEXT, Total.LARGE)
    return counts or Fault.NO_RECORDS not in d.faults.values()


def must_succeed(d: Drawn) -> bool:
    """Tell whether a reader has no excuse: all that is odd can be understood or passes."""
    honest = d.total is not Total.LARGE and not (d.type == "none" and d.total in (Total.LARGE,))
    if d.by_token:
        honest = honest and d.last not in (Last.SAME, Last.CIRCLE)
        honest = honest and not (d.last is Last.EMPTY_PAGE and d.more in (More.TRUE, More.TEXT))
    passing = not d.faults or (
        not d.stuck and all(fault in PASSING and n > 0 for n, fault in d.faults.items())
    )
    return honest and passing
