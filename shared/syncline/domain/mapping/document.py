"""The mapping document: what a person may write, field for field. Spec section 6.

This is its only description, with `extraction` and `condition`. `validation.parse` checks documents
by it, the published JSON Schema is made of it, and the engine reads what it gives. `target` blocks,
`paging` and the extraction's `options` belong to the connectors, which check them themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from syncline.domain.document_fields import (
    CONFIG,
    EntityType,
    OptionalText,
    Part,
    Settings,
    Switch,
    checked_by,
)
from syncline.domain.errors import Problem
from syncline.domain.mapping.canonical.schema import SchemaName
from syncline.domain.mapping.chains import (
    TransformStep,
    WrittenStep,
    chain_of,
    chain_problems,
    read_steps,
)
from syncline.domain.mapping.condition import FieldPath, Rule
from syncline.domain.mapping.extraction import Extraction, extraction_problems, unquoted
from syncline.domain.mapping.paths import parse_path
from syncline.domain.mapping.values.dates import compile_parser
from syncline.domain.mapping.written_paths import clashes
from syncline.domain.naming import shown
from syncline.domain.record import JsonObject, Value

T = TypeVar("T")
MAX_FIELDS = 2000
MOST_KEYS = 32
"""Paths of a match key."""
_PATH = 'keys joined by dots, `[n]`, `[]` for each; a key with dots or brackets as `["Qty [pcs]"]`'


class FieldType(StrEnum):
    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    OBJECT = "object"
    ARRAY = "array"


def _date_format(form: str | None) -> str | None:
    if form is not None:
        compile_parser(form)
    return form


def _match_key(value: object) -> object:
    """Take one path for a list of one."""
    paths = [value] if isinstance(value, str) else value
    return [] if paths == [""] else paths


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"names `{name}` twice")
    return names


def _different(paths: tuple[str, ...]) -> tuple[str, ...]:
    if "" in paths:
        raise ValueError("holds an empty text; it takes one path or a list of paths")
    if len(paths) > MOST_KEYS:
        raise ValueError(f"names {len(paths)} paths, at most {MOST_KEYS} are allowed")
    return _each_once(paths)


def _verify(value: object) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
        raise ValueError(f"must be true, false or a list of paths, not {shown(value)}")
    for path in value:
        parse_path(path)
    return tuple(value)


DateFormat = Annotated[OptionalText, AfterValidator(_date_format)]
MatchKey = Annotated[
    tuple[str, ...],
    BeforeValidator(_match_key, json_schema_input_type=str | list[str] | None),
    AfterValidator(_different),
]
Transform = Annotated[
    tuple[TransformStep, ...],
    PlainValidator(read_steps, json_schema_input_type=WrittenStep | list[WrittenStep]),
    Field(
        description="Transformers, applied in order: one or a list of names, or of names with "
        'options of their own, such as `{replace: {search: ",", replace: "."}}`.'
    ),
]
Options = Annotated[
    Settings, Field(description="Options of the named transformer; of several, under their names.")
]


class _FieldChain:
    """What the fields of both parts have: a chain of transformers."""

    transform: tuple[TransformStep, ...]
    options: JsonObject

    @property
    def chain(self) -> list[tuple[str, JsonObject]]:
        """The transformers in their order, each with its own options."""
        return chain_of(self.transform, self.options)


Verify = Annotated[
    bool | tuple[str, ...],
    PlainValidator(_verify, json_schema_input_type=bool | list[str]),
    Field(
        description="Look up what was written, and fail a record that the target does not hold as "
        "it was sent: all of its fields, or those of a list of paths in the payload."
    ),
]
Required = Annotated[Switch, Field(description="An empty value fails the record.")]
Default = Annotated[Value, Field(description="Used where the value is null or empty.")]


@dataclass(frozen=True, kw_only=True)
class NormalizationField(_FieldChain):
    """One raw field into one canonical property."""

    __pydantic_config__ = CONFIG

    source: Annotated[FieldPath, Field(description=f"Raw field: {_PATH}.")]
    target: Annotated[FieldPath, Field(description=f"Canonical property: {_PATH}.")]
    type: FieldType = FieldType.STRING
    """What the value is turned into."""
    format: DateFormat = None
    """How the source writes a date or datetime, such as `dd.MM.yyyy HH:mm`."""
    required: Required = False
    default: Default = None
    transform: Transform = ()
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TransformationField(_FieldChain):
    """One canonical property into one path of the target payload."""

    __pydantic_config__ = CONFIG

    source: Annotated[FieldPath, Field(description=f"Canonical property: {_PATH}.")]
    target: Annotated[FieldPath, Field(description=f"Path in the payload: {_PATH}.")]
    required: Required = False
    default: Default = None
    transform: Transform = ()
    options: Options = field(default_factory=dict)
    when: Rule | None = None
    """Write the field only if this holds."""
    omit_null: Switch | None = None
    """Leave a null out, and what is empty by it; default: the transformation's."""


_DATES = (FieldType.DATE, FieldType.DATETIME)


def _field_problems(field: NormalizationField | TransformationField) -> Iterator[Problem]:
    if isinstance(field, NormalizationField) and field.format and field.type not in _DATES:
        yield Problem("$.format", "belongs to the types `date` and `datetime`")
    yield from chain_problems(field.transform, field.options)


@dataclass(frozen=True)
class StaticValue:
    """A fixed value at one path of the target payload."""

    __pydantic_config__ = CONFIG | {"json_schema_extra": {"required": ["target", "value"]}}

    target: FieldPath
    """Path in the payload; under `[]` it stands in each element that fields make."""
    value: Value = None


Fields = Annotated[
    tuple[Part[Annotated[T, checked_by(_field_problems)]], ...], Field(max_length=MAX_FIELDS)
]


@dataclass(frozen=True, kw_only=True)
class Normalization:
    """Raw fields into canonical properties."""

    __pydantic_config__ = CONFIG

    schema: SchemaName | None = None
    """Canonical schema that the properties must fit; without one they are an open document."""
    fields: Fields[NormalizationField]


@dataclass(frozen=True, kw_only=True)
class Transformation:
    """Canonical properties into the target payload."""

    __pydantic_config__ = CONFIG

    match_key: Annotated[
        MatchKey,
        Field(
            description="Path in the payload by which the target finds an existing record; a list "
            "of paths where several make the key (SQL targets)."
        ),
    ] = ()
    fields: Fields[TransformationField] = ()
    """At most 2,000."""
    static: tuple[Part[StaticValue], ...] = ()
    """Fixed values."""
    exclude: Rule | None = None
    """Records left out."""
    on_create: Annotated[tuple[str, ...], AfterValidator(_each_once)] = ()
    """Fields at the payload's top that are sent only when the target creates the record; a change
    of them alone sends nothing."""
    smart_sync: Switch = True
    """Skip records whose payload did not change."""
    omit_null: Switch = False
    """`omitNull` of every field that does not say it."""
    verify: Verify = False
    target: Settings = field(default_factory=dict)
    """Where the target connector writes."""

    @property
    def target_paths(self) -> tuple[str, ...]:
        """The payload paths that are written, in the mapping's order."""
        written = [field.target for field in self.fields]
        return (*written, *(fixed.target for fixed in self.static))


def _normalization_problems(part: Normalization) -> Iterator[Problem]:
    if not part.fields:
        yield Problem("$.fields", "must hold at least one field")
    yield from clashes([field.target for field in part.fields])


def _transformation_problems(part: Transformation) -> Iterator[Problem]:
    if not part.fields and not part.static:
        yield Problem("$.fields", "must hold at least one field")
    yield from clashes([f.target for f in part.fields], [s.target for s in part.static])


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """The rules for one entity type between one source and one target."""

    __pydantic_config__ = CONFIG

    entity_type: Annotated[EntityType, Field(description="Such as `item`, `bp`, `order`.")]
    extraction: Part[
        Annotated[Extraction, checked_by(extraction_problems), AfterValidator(unquoted)]
    ]
    normalization: Part[Annotated[Normalization, checked_by(_normalization_problems)]]
    transformation: Part[Annotated[Transformation, checked_by(_transformation_problems)]]

    def placed_fields(self) -> Iterator[tuple[str, NormalizationField | TransformationField]]:
        """Yield the fields of both parts, each with its JSON path."""
        for number, raw in enumerate(self.normalization.fields):
            yield f"$.normalization.fields[{number}]", raw
        for number, canonical in enumerate(self.transformation.fields):
            yield f"$.transformation.fields[{number}]", canonical
