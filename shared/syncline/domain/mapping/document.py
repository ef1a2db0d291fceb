"""The mapping document as typed values: what spec section 6 shows, field for field.

`validation.parse` makes these from a person's JSON; nothing else does. `target` blocks and
`paging` are read by the connectors, which check them themselves.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class ExtractionMode(StrEnum):
    CONFIG = "config"
    SQL = "sql"
    PROCEDURE = "procedure"
    API = "api"


EPOCHS = ("epoch", "epochMillis")
"""Cursor formats that are a number: seconds or milliseconds since 1970, UTC."""


class CursorType(StrEnum):
    DATETIME = "datetime"
    DATE = "date"
    ID = "id"


class FieldType(StrEnum):
    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    OBJECT = "object"
    ARRAY = "array"


class Condition(msgspec.Struct, frozen=True, rename="camel"):
    """A test on one field, or a combination of tests. Exactly one form is used."""

    field: str | None = None
    op: str | None = None
    value: Any = None
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None
    not_: Condition | None = msgspec.field(default=None, name="not")


class Extraction(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How records are read from the source.

    Attributes:
        mode: which of table, sql, procedure or endpoint is used.
        columns: columns to read; empty means all.
        parameters: bound by name into sql and procedure, or sent as query parameters to an API.
        id_column: names a record; its value is the source ID.
        cursor_column: orders and bookmarks the records; None reads everything every time.
        cursor_format: how the source writes its cursor values where that is not ISO 8601: a format
            such as `dd.MM.yyyy HH:mm`, `epoch` or `epochMillis`.
        lookback: seconds the window is widened by.
        filters: conditions that all must hold at the source.
        paging: how an API endpoint is paged, read by the HTTP connector.
        options: further connector-specific settings (file delimiter, encoding, records path).
    """

    mode: ExtractionMode = ExtractionMode.CONFIG
    table: str | None = None
    columns: tuple[str, ...] = ()
    sql: str | None = None
    procedure: str | None = None
    parameters: dict[str, Any] = {}
    endpoint: str | None = None
    id_column: str = "id"
    cursor_column: str | None = None
    cursor_type: CursorType = CursorType.DATETIME
    cursor_format: str | None = None
    lookback: float = 0.0
    filters: tuple[Condition, ...] = ()
    paging: dict[str, Any] | None = None
    options: dict[str, Any] = {}


class NormalizationField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One raw field into one canonical property.

    Attributes:
        transform: names of transformers, in their order; `options`: of each.
        format: form in which the source writes a date or datetime, None for ISO-8601.
    """

    source: str
    target: str
    type: FieldType = FieldType.STRING
    format: str | None = None
    required: bool = False
    default: Any = None
    transform: tuple[str, ...] = ()
    options: tuple[dict[str, Any], ...] = ()


class TransformationField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One canonical property into one path of the target payload.

    Attributes:
        transform: names of transformers, in their order; `options`: of each.
        omit_null: a null is left out, and what is empty because of it.
    """

    source: str
    target: str
    required: bool = False
    default: Any = None
    transform: tuple[str, ...] = ()
    options: tuple[dict[str, Any], ...] = ()
    when: Condition | None = None
    omit_null: bool = False


class StaticValue(msgspec.Struct, frozen=True, rename="camel"):
    """A fixed value at one path of the target payload."""

    target: str
    value: Any


class Normalization(msgspec.Struct, frozen=True, rename="camel"):
    fields: tuple[NormalizationField, ...] = ()


class Transformation(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Canonical properties into the target payload.

    Attributes:
        match_key: paths in the payload by which the target finds an existing record; most have one.
        target: where the target connector writes, e.g. `{"table": "public.item"}` or
            `{"endpoint": "/items", "method": "PUT"}`; checked by that connector.
        omit_null: of every field.
    """

    match_key: tuple[str, ...] = ()
    fields: tuple[TransformationField, ...] = ()
    static: tuple[StaticValue, ...] = ()
    exclude: Condition | None = None
    smart_sync: bool = True
    omit_null: bool = False
    target: dict[str, Any] = {}

    @property
    def target_paths(self) -> tuple[str, ...]:
        """The payload paths that are written, in the mapping's order."""
        written = [field.target for field in self.fields]
        return (*written, *(fixed.target for fixed in self.static))


class Mapping(msgspec.Struct, frozen=True, rename="camel"):
    """The rules for one entity type between one source and one target."""

    entity_type: str
    extraction: Extraction
    normalization: Normalization
    transformation: Transformation
