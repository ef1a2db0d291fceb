"""What a mapping's extraction by API says: the endpoint, its pages and its records."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic.alias_generators import to_camel

from syncline.connectors.http.bookmarks import Bookmarks, Write, request_format
from syncline.connectors.http.settings import fields
from syncline.connectors.http.settings.bodies import texts, texts_in
from syncline.connectors.http.settings.graphql import IN_VARIABLES, GraphqlCall, page_info
from syncline.connectors.settings import ConnectorSettings, Contradictions, problems, read
from syncline.domain.errors import Problem
from syncline.domain.mapping.extraction import CursorType, Duration, Extraction, ExtractionMode
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import JsonObject

CURSOR = "{cursor}"
USUAL = {"page": "page", "offset": "offset", "cursor": "cursor"}
"""How most APIs call the parameter."""
USUAL_IN_GRAPHQL = USUAL | {"cursor": "after"}
_ROOT = "$.extraction"
_COLUMNS = ("id_column", "cursor_column", "cursor_format", "cursor_type", "lookback")
_PARTS = ("endpoint", "parameters", "paging", "options", *_COLUMNS)


PagingType: TypeAlias = Literal["none", "page", "offset", "cursor", "link"]
End: TypeAlias = Literal["noContent", "null", "missing", "sameToken"]
"""What ends a read beside an empty page and a last one without next, where an API is so."""


def _list(given: object) -> object:
    return [given] if isinstance(given, str) else given


class HttpPaging(ConnectorSettings):
    """The mapping's `paging` block (docs/connectors/http.md)."""

    type: PagingType = "none"
    parameter: str = ""
    first: fields.Whole | None = Field(None, ge=0, le=1)
    size_parameter: str = ""
    size: fields.Whole = Field(500, ge=1, le=10_000)
    next: fields.PathTo = ()
    total: fields.ReadAt = None
    total_header: fields.HeaderName = ""
    more: fields.ReadAt = None
    end: Annotated[list[End], BeforeValidator(_list)] = Field([])
    empty_pages: fields.Whole = Field(100, ge=0, le=100_000)
    anchor_after: fields.Whole | None = Field(None, ge=1)
    most: fields.Whole | None = Field(None, ge=1)
    alone: bool = False

    def contradictions(self) -> Contradictions:
        if self.next and self.type not in ("cursor", "link"):
            yield "next", f"is for paging by cursor or link, not by {self.type}"
        if self.alone and self.type != "cursor":
            yield "alone", f"is for paging by cursor, not by {self.type}"
        if self.total and self.total_header:
            yield "totalHeader", "`total` says it already: one of them"


class StableRead(ConnectorSettings):
    """Parameters of a read in an order that stands still; they take the place of others."""

    parameters: Annotated[fields.Query, fields.query_with("cursor")] = ()

    def contradictions(self) -> Contradictions:
        if not self.parameters:
            yield "parameters", "must name a parameter that sorts by ID, such as {sort: id}"


class Fetch(GraphqlCall):
    """How records are read by ID, `ids_per_call` of them in a call; with a body, by POST."""

    endpoint: Annotated[str, fields.endpoint_with("id")]
    parameters: Annotated[fields.Query, fields.query_with("id", "ids", "idsJson")] = ()
    body: JsonObject | None = None
    records: fields.RecordsAt = fields.RecordsPath()
    size: fields.Whole = Field(100, ge=1, le=1000)
    separator: fields.Separator = ","
    double_quotes: bool = False

    @property
    def by_list(self) -> bool:
        """Tell whether one call asks for many IDs."""
        return any("{ids" in text for text in self._texts())

    @property
    def ids_per_call(self) -> int:
        """How many IDs one call asks for."""
        return self.size if self.by_list else 1

    def _texts(self) -> list[str]:
        """Return all texts that may hold a placeholder."""
        own = [self.endpoint, *(value for _, value in self.parameters)]
        return [*own, *texts(self.variables), *texts(self.body)]

    def contradictions(self) -> Contradictions:
        yield from self.graphql_problems("id", "ids", "idsJson", kind="query")
        if self.by_list == any("{id}" in text for text in self._texts()):
            message = "must ask by {id} (one record a call) or by {ids} or {idsJson} (many)"
            yield "endpoint" if self.query is None else "variables", message
        if self.query is not None and (self.parameters or self.body is not None):
            yield "parameters" if self.parameters else "body", IN_VARIABLES
        yield from placeholder_problems(self.body, "id", "ids", "idsJson")
        if any("{ids}" in text and text != "{ids}" for text in texts(self.body)):
            yield "body", "a text with {ids} must hold nothing else: it becomes the array of IDs"
        if not self.by_list and "size" in self.model_fields_set:
            yield "size", "is for calls that ask for many IDs: leave it out"


def placeholder_problems(body: object, *known: str) -> Contradictions:
    """Yield what a body holds of placeholders that mean nothing."""
    try:
        fields.check_placeholders(texts_in(body), known)
    except ValueError as error:
        yield "body", str(error)


def _format(given: object) -> object:
    try:
        return request_format(given) if isinstance(given, str) else given
    except ValueError as error:
        raise ValueError(f"{error}; or `epoch`, or `epochMillis`") from None


class Options(GraphqlCall):
    """The extraction's `options` (docs/connectors/http.md, docs/connectors/graphql.md)."""

    records: fields.RecordsAt = fields.RecordsPath()
    body: JsonObject | None = None
    stable: StableRead | None = None
    fetch: Fetch | None = None
    cursor_format: Annotated[Write | None, BeforeValidator(_format)] = None
    ordered: bool = False
    exclusive_by: Duration = 0.0


class HttpSource(ConnectorSettings):
    """An API endpoint as a mapping reads it; a parameter with `{cursor}` needs a bookmark.

    With `options.body` it is read by POST, and paging fills fields of the body.
    """

    endpoint: Annotated[str, fields.endpoint_with()]
    query: Annotated[fields.Query, fields.query_with("cursor")] = Field((), alias="parameters")
    own_paging: HttpPaging = Field(HttpPaging(), alias="paging")
    options: Options = Options()
    id: fields.ReadRequired = Field(alias="idColumn")
    cursor: fields.ReadAt = Field(None, alias="cursorColumn")
    cursor_format: str | None = None
    cursor_type: CursorType = CursorType.DATETIME
    lookback: float = 0.0

    @cached_property
    def paging(self) -> HttpPaging:
        """How it is paged: by GraphQL's usual words where the mapping does not say another."""
        own = self.own_paging
        if self.options.query is None:
            return own
        names = {"parameter": own.parameter or USUAL_IN_GRAPHQL.get(own.type, "")}
        if own.type != "cursor" or own.next:
            return own.model_copy(update=names)
        records = self.options.records.path
        more = reader(page_info(records, "hasNextPage"))
        found = {"next": page_info(records, "endCursor"), "more": more}
        return own.model_copy(update=names | found)

    @cached_property
    def stable(self) -> fields.Query | None:
        """Parameters of a read in an order that stands still; None where there is none."""
        if self.options.stable is None:
            return None
        own = self.options.stable.parameters
        names = {name for name, _ in own}
        return [(name, value) for name, value in self.query if name not in names] + list(own)

    @cached_property
    def bookmarks(self) -> Bookmarks:
        """How cursor values are written."""
        return Bookmarks(
            self.cursor_format,
            self.options.cursor_format,
            self.lookback,
            self.options.exclusive_by,
        )

    def contradictions(self) -> Contradictions:
        options, paging = self.options, self.paging
        if paging.type == "cursor" and not paging.next:
            yield "paging.next", "is required: where the answer has the next cursor"
        if paging.anchor_after and not (
            paging.type == "cursor" and options.ordered and self.cursor
        ):
            words = "needs paging by cursor, a cursorColumn and `options.ordered: true`"
            yield "paging.anchorAfter", words
        yield from self._graphql_contradictions(options, paging)
        yield from self._body_contradictions(options, paging)
        values = [*texts(options.body), *(value for _, value in self.query)]
        asks = options.holds(CURSOR) or any(CURSOR in value for value in values)
        if self.cursor and not asks:
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

    def _graphql_contradictions(self, options: Options, paging: HttpPaging) -> Contradictions:
        if options.query is not None:
            if self.query:
                yield "parameters", IN_VARIABLES
            if paging.type == "link":
                yield "paging.type", "is not for GraphQL, whose pages have no addresses"
            if options.stable is not None:
                yield "options.stable", "is not for GraphQL: read by `paging.type: cursor`"
        given = [paging.parameter] if paging.type != "none" else []
        given += [paging.size_parameter] if paging.size_parameter else []
        for name, words in options.graphql_problems("cursor", kind="query", given=given):
            yield f"options.{name}", words

    def _body_contradictions(self, options: Options, paging: HttpPaging) -> Contradictions:
        if options.body is None:
            return
        if options.query is not None:
            yield "options.body", IN_VARIABLES
        if paging.type == "link":
            yield "paging.type", "is not for a read by POST (`options.body`), whose pages have none"
        if options.stable is not None:
            yield "options.stable", "is not for a read by POST (`options.body`)"
        for _, words in placeholder_problems(options.body, "cursor"):
            yield "options.body", words
        names = {"parameter": paging.parameter, "sizeParameter": paging.size_parameter}
        for name, path in names.items():
            if path and not _leads_through_objects(path):
                yield f"paging.{name}", "must be a path in the body, such as `query.paging.limit`"


def _leads_through_objects(path: str) -> bool:
    try:
        return all(segment.key is not None for segment in parse_path(path))
    except ValueError:  # no path at all
        return False


def source_of(extraction: Extraction) -> HttpSource:
    """Return an extraction as it is read. Raises ConnectorError as `read` does."""
    return read(HttpSource, _written(extraction), _ROOT)


def extraction_problems(extraction: Extraction) -> list[Problem]:
    """Name every mistake of an extraction."""
    if extraction.mode is not ExtractionMode.API:
        message = f"the HTTP connector reads `api`, not {extraction.mode}"
        return [Problem(f"{_ROOT}.mode", message)]
    message = "is not for APIs: say it in `parameters`, in the API's own words"
    foreign = {"filters": extraction.filters, "columns": extraction.columns}
    found = [Problem(f"{_ROOT}.{name}", message) for name, value in foreign.items() if value]
    return found + problems(HttpSource, _written(extraction), _ROOT)


def _written(extraction: Extraction) -> dict[str, object]:
    """Return the parts of an extraction that an API is read by."""
    return {to_camel(name): getattr(extraction, name) for name in _PARTS}
