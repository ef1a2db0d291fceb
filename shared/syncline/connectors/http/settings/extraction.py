"""What a mapping's extraction by API says: the endpoint, its pages and its records."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field

from syncline.connectors.http.bookmarks import Bookmarks, Write, request_format
from syncline.connectors.http.settings.fields import (
    CHOICE,
    PathTo,
    Query,
    ReadAt,
    ReadRequired,
    RecordsAt,
    RecordsPath,
    Separator,
    Whole,
    endpoint_with,
    query_with,
)
from syncline.connectors.settings import Contradictions, Settings, problems, read
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.domain.mapping.paths import reader

CURSOR = "{cursor}"
_ROOT = "$.extraction"


class PagingType(StrEnum):
    """How an API gives more records than fit into one answer."""

    NONE = "none"
    PAGE = "page"
    OFFSET = "offset"
    CURSOR = "cursor"
    LINK = "link"


_PARAMETERS: Mapping[PagingType, str] = {
    PagingType.PAGE: "page",
    PagingType.OFFSET: "offset",
    PagingType.CURSOR: "cursor",
}


class End(StrEnum):
    """What ends a read beside an empty page and a last one without next, where an API is so."""

    NO_CONTENT = "noContent"
    NULL = "null"
    MISSING = "missing"
    SAME_TOKEN = "sameToken"  # noqa: S105 - no secret


def _list(given: object) -> object:
    return [given] if isinstance(given, str) else given


class Paging(Settings):
    """The mapping's `paging` block.

    Attributes:
        parameter: takes the page's number, the offset or the token.
        size_parameter, size: the number of records asked for.
        next: where the answer has the next token (cursor) or link (link; else the Link header).
        total: where the answer has the number of all records; more: whether there are more.
        end: what else ends a read; nothing else does.
        empty_pages: as many may come one after the other before a record comes.
    """

    type: Annotated[PagingType, CHOICE] = PagingType.NONE
    parameter: str = ""
    first: Whole | None = Field(None, ge=0, le=1)
    size_parameter: str = ""
    size: Whole = Field(500, ge=1, le=10_000)
    next: PathTo = ()
    total: ReadAt = None
    more: ReadAt = None
    end: Annotated[list[Annotated[End, CHOICE]], BeforeValidator(_list)] = Field([])
    empty_pages: Whole = Field(100, ge=0, le=100_000)

    @property
    def page_parameter(self) -> str:
        """The parameter as it is named, or as most APIs call it."""
        return self.parameter or _PARAMETERS.get(self.type, "")

    @property
    def first_number(self) -> int:
        """The number of the first page, or the first offset."""
        return self.first if self.first is not None else int(self.type is PagingType.PAGE)

    def next_in(self, document: object) -> object:
        """Return what an answer names as next."""
        return reader(self.next)(document)

    def contradictions(self) -> Contradictions:
        if self.type is PagingType.CURSOR and not self.next:
            yield "next", "is required: where the answer has the next cursor"
        if self.next and self.type not in (PagingType.CURSOR, PagingType.LINK):
            yield "next", f"is for paging by cursor or link, not by {self.type}"


class StableRead(Settings):
    """Parameters of a read in an order that stands still; they take the place of others."""

    parameters: Annotated[Query, query_with("cursor")] = ()

    def contradictions(self) -> Contradictions:
        if not self.parameters:
            yield "parameters", "must name a parameter that sorts by ID, such as {sort: id}"


class Fetch(Settings):
    """How records are read by ID, `ids_per_call` of them in a call."""

    endpoint: Annotated[str, endpoint_with("id")]
    parameters: Annotated[Query, query_with("id", "ids", "idsJson")] = ()
    records: RecordsAt = RecordsPath()
    size: Whole = Field(100, ge=1, le=1000)
    separator: Separator = ","

    @property
    def by_list(self) -> bool:
        """Tell whether one call asks for many IDs."""
        return any("{ids" in value for _, value in self.parameters)

    @property
    def ids_per_call(self) -> int:
        """How many IDs one call asks for."""
        return self.size if self.by_list else 1

    def contradictions(self) -> Contradictions:
        alone = "{id}" in self.endpoint or any("{id}" in value for _, value in self.parameters)
        if self.by_list == alone:
            message = "must ask by {id} (one record a call) or by {ids} or {idsJson} (many)"
            yield "endpoint", message
        if not self.by_list and "size" in self.model_fields_set:
            yield "size", "is for calls that ask for many IDs: leave it out"


def _format(given: object) -> object:
    try:
        return request_format(given) if isinstance(given, str) else given
    except ValueError as error:
        raise ValueError(f"{error}; or `epoch`, or `epochMillis`") from None


class Options(Settings):
    """The extraction's `options`.

    Attributes:
        records: where an answer has its records.
        cursor_format: how a request says a time, in UTC; None: as the API wrote it.
        ordered: the API gives records in (cursor, ID) order.
    """

    records: RecordsAt = RecordsPath()
    stable: StableRead | None = None
    fetch: Fetch | None = None
    cursor_format: Annotated[Write | None, BeforeValidator(_format)] = None
    ordered: bool = False


class Source(Settings):
    """An API endpoint as a mapping reads it.

    Attributes:
        query: parameters; one with `{cursor}` is left out where there is no cursor.
        id, cursor: in a record.
        cursor_format, lookback, cursor_type: see the mapping's Extraction.
    """

    endpoint: Annotated[str, endpoint_with()]
    query: Annotated[Query, query_with("cursor")] = Field((), alias="parameters")
    paging: Paging = Paging()
    options: Options = Options()
    id: ReadRequired = Field(alias="idColumn")
    cursor: ReadAt = Field(None, alias="cursorColumn")
    cursor_format: str | None = None
    cursor_type: CursorType = CursorType.DATETIME
    lookback: float = 0.0

    @cached_property
    def stable(self) -> Query | None:
        """Parameters of a read in an order that stands still; None where there is none."""
        if self.options.stable is None:
            return None
        own = self.options.stable.parameters
        names = {name for name, _ in own}
        return [(name, value) for name, value in self.query if name not in names] + list(own)

    @cached_property
    def bookmarks(self) -> Bookmarks:
        """How cursor values are written."""
        return Bookmarks(self.cursor_format, self.options.cursor_format, self.lookback)

    def contradictions(self) -> Contradictions:
        if self.cursor and not any(CURSOR in value for _, value in self.query):
            message = (
                "needs a parameter that holds {cursor}, such as `updated_since: '{cursor}'`; an "
                "API that cannot be asked so is read in full: leave out cursorColumn"
            )
            yield "cursorColumn", message
        if self.lookback and self.cursor_type is CursorType.ID:
            message = (
                "cannot be taken from an ID: leave it out; a cursor of seconds or milliseconds "
                "since 1970 is `cursorType: datetime` with `cursorFormat: epoch` or `epochMillis`"
            )
            yield "lookback", message


def source_of(extraction: Extraction) -> Source:
    """Return an extraction as it is read. Raises ConnectorError as `read` does."""
    return read(Source, _written(extraction), _ROOT)


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode is not ExtractionMode.API:
        message = f"the HTTP connector reads `api`, not {extraction.mode}"
        return [Problem(f"{_ROOT}.mode", message)]
    message = "is not for APIs: say it in `parameters`, in the API's own words"
    foreign = {"filters": extraction.filters, "columns": extraction.columns}
    found = [Problem(f"{_ROOT}.{name}", message) for name, value in foreign.items() if value]
    return found + problems(Source, _written(extraction), _ROOT)


def _written(extraction: Extraction) -> dict[str, object]:
    """Return the parts of an extraction that an API is read by."""
    return {
        "endpoint": extraction.endpoint,
        "parameters": extraction.parameters,
        "paging": extraction.paging,
        "options": extraction.options,
        "idColumn": extraction.id_column,
        "cursorColumn": extraction.cursor_column,
        "cursorFormat": extraction.cursor_format,
        "cursorType": extraction.cursor_type,
        "lookback": extraction.lookback,
    }
