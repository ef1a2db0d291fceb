"""The mapping document as editors see it; `domain.mapping.validation` is what checks it.

A test holds these fields to the domain's.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from syncline.resources.documents import Document, Strict

Step = str | Annotated[dict[str, dict[str, Any]], Field(min_length=1, max_length=1)]
Transform = Step | list[Step]
_TRANSFORM: Any = Field(
    [],
    description="Transformers, applied in order: one or a list of names, or of names with options "
    'of their own, such as `{replace: {search: ",", replace: "."}}`.',
)
_OPTIONS: Any = Field(
    {}, description="Options of the named transformer; of several, under their names."
)
_PATH = 'keys joined by dots, `[n]`, `[]` for each; a key with dots or brackets as `["Qty [pcs]"]`'


class ConditionPart(Strict):
    """A test on one field, or a combination: use `field`, or `all`, or `any`, or `not`."""

    field: str | None = Field(None, description="Path of the field that is tested.")
    op: Literal[
        "eq", "ne", "in", "notIn", "exists", "empty", "gt", "gte", "lt", "lte", None
    ] = Field("eq", description="How it is compared with `value`.")  # fmt: skip
    value: Any = None
    all: list[ConditionPart] | None = Field(None, description="All must hold.")
    any: list[ConditionPart] | None = Field(None, description="One must hold.")
    not_: ConditionPart | None = Field(None, alias="not", description="Must not hold.")


class ExtractionPart(Strict):
    """How records are read from the source."""

    mode: Literal["config", "sql", "procedure", "api"] = Field(
        "config", description="Which of `table`, `sql`, `procedure`, `endpoint` is used."
    )
    table: str | None = Field(None, description="Table or file to read (mode `config`).")
    columns: list[str] = Field([], description="Columns to read; none: all.")
    sql: str | None = Field(None, description="Read-only SQL, with `:cursor` and `:ids` bound.")
    procedure: str | None = Field(None, description="Stored procedure to call.")
    parameters: dict[str, Any] = Field({}, description="Bound by name, or sent in the query.")
    endpoint: str | None = Field(None, description="Path under the profile's base URL.")
    id_column: str = Field(description="Names a record: its value is the source ID.")
    cursor_column: str | None = Field(None, description="Orders and bookmarks the records.")
    cursor_type: Literal["datetime", "date", "id"] = Field("datetime", description="Its kind.")
    cursor_format: str | None = Field(
        None,
        description="How the source writes it, where that is not ISO 8601: a format such as "
        "`dd.MM.yyyy HH:mm`, `epoch` or `epochMillis`.",
    )
    lookback: str = Field(
        "PT0S", description="ISO 8601 duration that the window is widened by, such as `PT5M`."
    )
    filters: list[ConditionPart] = Field([], description="All must hold at the source.")
    paging: dict[str, Any] | None = Field(None, description="How an endpoint is paged.")
    options: dict[str, Any] = Field({}, description="Further settings of the connector.")


class NormalizationFieldPart(Strict):
    """One raw field into one canonical property."""

    source: str = Field(description=f"Raw field: {_PATH}.")
    target: str = Field(description=f"Canonical property: {_PATH}.")
    type: Literal[
        "string", "int", "decimal", "bool", "date", "datetime", "object", "array"
    ] = Field("string", description="What the value is turned into.")  # fmt: skip
    format: str | None = Field(
        None, description="How the source writes a date or datetime, such as `dd.MM.yyyy HH:mm`."
    )
    required: bool = Field(False, description="An empty value fails the record.")
    default: Any = Field(None, description="Used where the value is null or empty.")
    transform: Transform = _TRANSFORM
    options: dict[str, Any] = _OPTIONS


class TransformationFieldPart(Strict):
    """One canonical property into one path of the target payload."""

    source: str = Field(description=f"Canonical property: {_PATH}.")
    target: str = Field(description=f"Path in the payload: {_PATH}.")
    required: bool = Field(False, description="An empty value fails the record.")
    default: Any = Field(None, description="Used where the value is null or empty.")
    transform: Transform = _TRANSFORM
    options: dict[str, Any] = _OPTIONS
    when: ConditionPart | None = Field(None, description="Write the field only if this holds.")
    omit_null: bool | None = Field(
        None,
        description="Leave a null out, and what is empty by it; default: the transformation's.",
    )


class StaticValuePart(Strict):
    """A fixed value at one path of the target payload."""

    target: str = Field(
        description="Path in the payload; under `[]` it stands in each element that fields make."
    )
    value: Any


class NormalizationPart(Strict):
    """Raw fields into canonical properties."""

    fields: list[NormalizationFieldPart]


class TransformationPart(Strict):
    """Canonical properties into the target payload."""

    match_key: str | list[str] | None = Field(
        None,
        description="Path in the payload by which the target finds an existing record; a list of"
        " paths where several make the key (SQL targets).",
    )
    fields: list[TransformationFieldPart] = Field([], description="At most 2,000.")
    static: list[StaticValuePart] = Field([], description="Fixed values.")
    exclude: ConditionPart | None = Field(None, description="Records left out.")
    smart_sync: bool = Field(True, description="Skip records whose payload did not change.")
    omit_null: bool = Field(False, description="`omitNull` of every field that does not say it.")
    target: dict[str, Any] = Field({}, description="Where the target connector writes.")


class MappingDocument(Document):
    """A mapping: the rules for one entity type. Every change makes a new version."""

    kind: Literal["Mapping"]
    entity_type: str = Field(min_length=1, description="Such as `item`, `bp`, `order`.")
    extraction: ExtractionPart
    normalization: NormalizationPart
    transformation: TransformationPart
