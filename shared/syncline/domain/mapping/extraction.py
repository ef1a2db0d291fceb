"""The `extraction` part of a mapping document: how records are read. Spec section 6."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated

from pydantic import Field, PlainValidator

from syncline.domain.document_fields import CONFIG, OptionalText, Settings, Text
from syncline.domain.errors import Problem
from syncline.domain.mapping.condition import Rule
from syncline.domain.mapping.paths import column_name
from syncline.domain.mapping.values.dates import compile_parser
from syncline.domain.mapping.values.durations import parse_duration
from syncline.domain.naming import shown
from syncline.domain.record import JsonObject

EPOCHS = ("epoch", "epochMillis")
"""Cursor formats that are a number: seconds or milliseconds since 1970, UTC."""


class ExtractionMode(StrEnum):
    CONFIG = "config"
    SQL = "sql"
    PROCEDURE = "procedure"
    API = "api"


class CursorType(StrEnum):
    DATETIME = "datetime"
    DATE = "date"
    ID = "id"
    OFFSETS = "offsets"


def _seconds(text: object) -> float:
    if not isinstance(text, str):
        raise ValueError(f"must be text, not {shown(text)}")  # noqa: TRY004 - as pydantic asks
    return parse_duration(text or "PT0S")


Duration = Annotated[float, PlainValidator(_seconds, json_schema_input_type=str)]
"""Seconds, written as an ISO 8601 duration."""


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How records are read from the source."""

    __pydantic_config__ = CONFIG

    mode: ExtractionMode = ExtractionMode.CONFIG
    """Which of `table`, `sql`, `procedure`, `endpoint` is used."""
    table: OptionalText = None
    """Table or file to read (mode `config`)."""
    columns: tuple[str, ...] = ()
    """Columns to read; all if none is named."""
    sql: OptionalText = None
    """Read-only SQL, with `:cursor` and `:ids` bound."""
    procedure: OptionalText = None
    """Stored procedure to call."""
    parameters: Settings = field(default_factory=dict)
    """Bound by name, or sent in the query."""
    endpoint: OptionalText = None
    """Path under the profile's base URL."""
    id_column: Text
    """Column that identifies a record: its value is the source ID."""
    cursor_column: OptionalText = None
    """Column that orders records; its highest value is where the next run goes on."""
    cursor_type: CursorType = CursorType.DATETIME
    """What the cursor column holds."""
    cursor_format: Annotated[
        OptionalText,
        Field(
            description="How the source writes the cursor column, if not in ISO 8601: a format "
            "such as `dd.MM.yyyy HH:mm`, `epoch` or `epochMillis`."
        ),
    ] = None
    lookback: Annotated[Duration, Field(json_schema_extra={"default": "PT0S"})] = 0.0
    """How far before the cursor each run starts to read: an ISO 8601 duration such as `PT5M`."""
    filters: tuple[Rule, ...] = ()
    """All must hold at the source."""
    paging: JsonObject | None = None
    """How an endpoint is paged."""
    options: Settings = field(default_factory=dict)
    """Further settings of the connector."""


_NEEDED = {
    ExtractionMode.CONFIG: "table",
    ExtractionMode.SQL: "sql",
    ExtractionMode.PROCEDURE: "procedure",
    ExtractionMode.API: "endpoint",
}


def extraction_problems(extraction: Extraction) -> Iterator[Problem]:
    needed = _NEEDED[extraction.mode]
    is_ready = extraction.mode is ExtractionMode.API and "entity" in extraction.options
    if getattr(extraction, needed) is None and not is_ready:
        yield Problem(f"$.{needed}", "is required")
    if extraction.cursor_format is not None:
        yield from _cursor_format_problems(extraction, extraction.cursor_format)


def _cursor_format_problems(extraction: Extraction, form: str) -> Iterator[Problem]:
    counted = extraction.cursor_type in (CursorType.ID, CursorType.OFFSETS)
    if extraction.cursor_column is None or counted:
        words = "needs a `cursorColumn` of `cursorType` datetime or date"
        yield Problem("$.cursorFormat", words)
    try:
        if form not in EPOCHS:
            compile_parser(form)
    except ValueError as error:
        yield Problem("$.cursorFormat", f"{error}; or `epoch`, or `epochMillis`")


def unquoted(extraction: Extraction) -> Extraction:
    """Return the extraction with column names out of their quotes; an API's are paths and stay."""
    if extraction.mode is ExtractionMode.API:
        return extraction
    cursor = extraction.cursor_column
    return replace(
        extraction,
        columns=tuple(map(column_name, extraction.columns)),
        id_column=column_name(extraction.id_column),
        cursor_column=None if cursor is None else column_name(cursor),
    )
