"""A mapping's extraction by API as typed values, read from a person's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from syncline.connectors.http.bookmarks import Bookmarks, Write, request_format
from syncline.connectors.http.settings.profile import endpoint, path, path_in, whole
from syncline.connectors.http.settings.target import Read, query_of
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.domain.mapping.paths import Path, parse_path, reader
from syncline.domain.mapping.reading import Reader

Query = Sequence[tuple[str, str]]
CURSOR = "{cursor}"


class PagingType(StrEnum):
    """How an API gives more records than fit into one answer."""

    NONE = "none"
    PAGE = "page"
    OFFSET = "offset"
    CURSOR = "cursor"
    LINK = "link"


class End(StrEnum):
    """What ends a read beside an empty page and a last one without next, where an API is so."""

    NO_CONTENT = "noContent"
    NULL = "null"
    MISSING = "missing"
    SAME_TOKEN = "sameToken"  # noqa: S105 - no secret


class Paging(msgspec.Struct, frozen=True):
    """The mapping's `paging` block.

    Attributes:
        parameter: takes the page's number, the offset or the token.
        size_parameter, size: the number of records asked for.
        next: where the answer has the next token (cursor) or link (link; None: Link header).
        total: where the answer has the number of all records; more: whether there are more.
        end: what else ends a read; nothing else does.
        empty_pages: as many may come one after the other before a record comes.
    """

    type: PagingType = PagingType.NONE
    parameter: str = ""
    first: int = 0
    size_parameter: str = ""
    size: int = 500
    next: Read | None = None
    next_path: Path = ()
    total: Read | None = None
    more: Read | None = None
    end: frozenset[End] = frozenset()
    empty_pages: int = 100


class RecordsPath(msgspec.Struct, frozen=True):
    """Where an answer has its records; without a path, the answer itself is the array."""

    path: Path = ()

    def read(self, document: object) -> Any:  # noqa: ANN401
        return reader(self.path)(document) if self.path else document


class Fetch(msgspec.Struct, frozen=True):
    """How records are read by ID, `size` of them in a call."""

    endpoint: str
    query: Query
    records: RecordsPath
    size: int
    separator: str


class Source(msgspec.Struct, frozen=True):
    """An API endpoint as a mapping reads it.

    Attributes:
        query: parameters; one with `{cursor}` is left out where there is no cursor.
        stable: parameters of a read in an order that stands still; None where there is none.
        ordered: the API gives records in (cursor, ID) order.
    """

    endpoint: str
    query: Query
    stable: Query | None
    paging: Paging
    records: RecordsPath
    id: Read
    cursor: Read | None
    bookmarks: Bookmarks
    fetch: Fetch | None
    ordered: bool


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
        stable=_stable(options.child("stable"), query),
        paging=_paging(r.child("paging")),
        records=_records(options),
        id=path_in(r, "idColumn", extraction.id_column) or (lambda _record: None),
        cursor=path_in(r, "cursorColumn", extraction.cursor_column),
        bookmarks=Bookmarks(extraction.cursor_format, _format(options), extraction.lookback),
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
    if extraction.lookback and extraction.cursor_type is CursorType.ID:
        hint = (
            "cannot be taken from an ID: leave it out; a cursor of seconds or milliseconds since "
            "1970 is `cursorType: datetime` with `cursorFormat: epoch` or `epochMillis`"
        )
        r.problem("lookback", hint)
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
        next_path=_path(r, "next"),
        total=path(r, "total"),
        more=path(r, "more"),
        end=_ends(r),
        empty_pages=whole(r, "emptyPages", 100, 0, 100_000),
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
        records=_records(r),
        size=whole(r, "size", 100, 1, 1000) if many else 1,
        separator=r.text("separator") or ",",
    )
    r.refuse_unknown()
    return fetch


def _records(r: Reader) -> RecordsPath:
    path(r, "records")  # tells what is wrong with it
    return RecordsPath(_path(r, "records"))


def _path(r: Reader, name: str) -> Path:
    try:
        return parse_path(r.text(name)) if r.text(name) else ()
    except ValueError:  # `path` has told what is wrong with it
        return ()


def _ends(r: Reader) -> frozenset[End]:
    words = r.texts("end", single=True)
    for word in words:
        if word not in list(End):
            r.problem("end", f"holds {word!r}; it may hold {', '.join(End)}")
    return frozenset(end for end in End if end in words)


def _stable(r: Reader, query: Query) -> Query | None:
    """Read the parameters of a stable read; they take the place of others of their names."""
    if r.is_absent:
        return None
    own = query_of(r, r.mapping("parameters"), "parameters", ("cursor",))
    if not own:
        r.problem("parameters", "must name a parameter that sorts by ID, such as {sort: id}")
    r.refuse_unknown()
    names = {name for name, _ in own}
    return [(name, value) for name, value in query if name not in names] + own


def _format(r: Reader) -> Write | None:
    """Read how bookmarks are written: `epoch`, `epochMillis`, or a format, in UTC."""
    text = r.text("cursorFormat")
    try:
        return request_format(text) if text else None
    except ValueError as error:
        r.problem("cursorFormat", f"{error}; or `epoch`, or `epochMillis`")
        return None
