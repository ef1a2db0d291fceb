"""A mapping's extraction by API as typed values, read from a person's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from syncline.connectors.http.settings import endpoint, path, path_in, whole
from syncline.connectors.http.target import Read, query_of
from syncline.domain.errors import Problem
from syncline.domain.mapping.dates import compile_format, parse_time
from syncline.domain.mapping.document import CursorType, Extraction, ExtractionMode
from syncline.domain.mapping.reading import Reader
from syncline.domain.mapping.refusal import ValueRefusedError

Query = Sequence[tuple[str, str]]
CURSOR = "{cursor}"


class PagingType(StrEnum):
    """How an API gives more records than fit into one answer."""

    NONE = "none"
    PAGE = "page"
    OFFSET = "offset"
    CURSOR = "cursor"
    LINK = "link"


class Paging(msgspec.Struct, frozen=True):
    """The mapping's `paging` block.

    Attributes:
        parameter: takes the page's number, the offset or the token.
        size_parameter, size: the number of records asked for.
        next: where the answer has the next token (cursor) or link (link; None: Link header).
        total: where the answer has the number of all records; more: whether there are more.
    """

    type: PagingType = PagingType.NONE
    parameter: str = ""
    first: int = 0
    size_parameter: str = ""
    size: int = 500
    next: Read | None = None
    total: Read | None = None
    more: Read | None = None


class Fetch(msgspec.Struct, frozen=True):
    """How records are read by ID, `size` of them in a call."""

    endpoint: str
    query: Query
    records: Read | None
    size: int
    separator: str


class Source(msgspec.Struct, frozen=True):
    """An API endpoint as a mapping reads it.

    Attributes:
        query: parameters; one with `{cursor}` is left out where there is no cursor.
        write_cursor: how a bookmark is written; None sends it as the API gave it.
        ordered: the API gives records in (cursor, ID) order.
    """

    endpoint: str
    query: Query
    paging: Paging
    records: Read | None
    id: Read
    cursor: Read | None
    write_cursor: Callable[[datetime], str] | None
    lookback: float
    fetch: Fetch | None
    ordered: bool

    def after(self, value: str) -> str:
        """Write the value to read from: lookback subtracted, in the API's format."""
        return self._written(value, self.lookback)

    def written(self, value: str) -> str:
        """Write a bookmark as the API wants it."""
        return self._written(value, 0.0)

    def _written(self, value: str, lookback: float) -> str:
        if not lookback and self.write_cursor is None:
            return value
        try:
            moment = parse_time(value) - timedelta(seconds=lookback)
        except (ValueRefusedError, OverflowError):
            return value
        return self.write_cursor(moment) if self.write_cursor else _as_before(moment, value)


def _as_before(moment: datetime, value: str) -> str:
    """Write a time in the manner of the text that it came from."""
    if len(value) == 10:
        return moment.date().isoformat()
    digits = len(value.partition(".")[2].rstrip("Z").partition("+")[0].partition("-")[0])
    text = moment.isoformat(sep=value[10], timespec="microseconds")
    whole_, _, rest = text.partition(".")
    zone = rest[6:]
    fraction = "." + rest[:6].ljust(digits, "0")[:digits] if digits else ""
    return whole_ + fraction + ("Z" if value.endswith("Z") else zone)


def parse_source(extraction: Extraction) -> tuple[Source, list[Problem]]:
    """Read an extraction; what is wrong with it is told by JSON path."""
    problems: list[Problem] = []
    whole_ = {"endpoint": extraction.endpoint, "paging": extraction.paging}
    r = Reader(whole_, "$.extraction", problems)
    options = Reader(extraction.options, "$.extraction.options", problems)
    for name, value in (("filters", extraction.filters), ("columns", extraction.columns)):
        if value:
            r.problem(name, "is not for APIs: say it in `parameters`, in the API's own words")
    query = query_of(r, extraction.parameters, "parameters", ("cursor",))
    source = Source(
        endpoint=endpoint(r, "endpoint", required=True, known=()),
        query=query,
        paging=_paging(r.child("paging")),
        records=None if options.anything("records") == "" else path(options, "records"),
        id=path_in(r, "idColumn", extraction.id_column) or (lambda _record: None),
        cursor=path_in(r, "cursorColumn", extraction.cursor_column),
        write_cursor=_format(options),
        lookback=0.0 if extraction.cursor_type is CursorType.ID else extraction.lookback,
        fetch=_fetch(options.child("fetch")),
        ordered=options.boolean("ordered", default=False),
    )
    options.refuse_unknown()
    bound = any(CURSOR in value for _, value in query)
    if extraction.cursor_column and not bound:
        hint = (
            "needs a parameter that holds {cursor}, such as `updated_since: '{cursor}'`; an API "
            "that cannot be asked so is read in full: leave out cursorColumn"
        )
        r.problem("cursorColumn", hint)
    if extraction.mode is not ExtractionMode.API:
        message = f"the HTTP connector reads `api`, not {extraction.mode}"
        return source, [Problem("$.extraction.mode", message)]
    return source, problems


_PARAMETERS: Mapping[PagingType, str] = {
    PagingType.PAGE: "page",
    PagingType.OFFSET: "offset",
    PagingType.CURSOR: "cursor",
}


def _paging(r: Reader) -> Paging:
    kind = r.choice("type", PagingType, PagingType.NONE)
    paging = Paging(
        type=kind,
        parameter=r.text("parameter") or _PARAMETERS.get(kind, ""),
        first=whole(r, "first", 1 if kind is PagingType.PAGE else 0, 0, 1),
        size_parameter=r.text("sizeParameter"),
        size=whole(r, "size", 500, 1, 10_000),
        next=path(r, "next"),
        total=path(r, "total"),
        more=path(r, "more"),
    )
    if kind is PagingType.CURSOR and paging.next is None:
        r.problem("next", "is required: where the answer has the next cursor")
    if kind in (PagingType.PAGE, PagingType.OFFSET, PagingType.NONE) and paging.next is not None:
        r.problem("next", f"is for paging by cursor or link, not by {kind}")
    r.refuse_unknown()
    return paging


def _fetch(r: Reader) -> Fetch | None:
    if r.is_absent:
        return None
    query = query_of(r, r.mapping("parameters"), "parameters", ("id", "ids", "idsJson"))
    where = endpoint(r, "endpoint", required=True, known=("id",))
    many = any("{ids" in value for _, value in query)
    one = "{id}" in where or any("{id}" in value for _, value in query)
    if many == one:
        r.problem(
            "endpoint", "must ask by {id} (one record a call) or by {ids} or {idsJson} (many)"
        )
    fetch = Fetch(
        endpoint=where,
        query=query,
        records=None if r.anything("records") == "" else path(r, "records"),
        size=whole(r, "size", 100, 1, 1000) if many else 1,
        separator=r.text("separator") or ",",
    )
    r.refuse_unknown()
    return fetch


def _format(r: Reader) -> Callable[[datetime], str] | None:
    """Read how bookmarks are written: `epoch`, `epochMillis`, or a format, in UTC."""
    text = r.text("cursorFormat")
    if not text:
        return None
    if text in ("epoch", "epochMillis"):
        factor = 1000 if text == "epochMillis" else 1
        return lambda moment: str(int(_utc(moment).timestamp() * factor))
    try:
        write = compile_format(text)
    except ValueError as error:
        r.problem("cursorFormat", f"{error}; or `epoch`, or `epochMillis`")
        return None
    return lambda moment: write(_utc(moment))


def _utc(moment: datetime) -> datetime:
    """A time without an offset is UTC; one with an offset becomes it."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
