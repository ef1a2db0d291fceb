"""Canonical schemas: what a canonical record of an entity type may hold. Spec section 8.

The files in `schemas/` are JSON Schema of the keywords that `SchemaNode` has. `parts.json` holds
what several of them share. `x-unit` and `x-systems` say in which unit a value is, and what it is
called in each system; where a system writes it in two ways, `/` stands between them.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib.resources import files
from typing import Literal, get_args

import msgspec

from syncline.domain.mapping.paths import Path
from syncline.domain.record import JsonObject, Value

SchemaName = Literal[
    "item", "itemstock", "bp", "customer", "bpgroup", "paymentterms", "itemgroup", "pricelist",
    "warehouse", "taxgroup", "uomgroup", "fiscalperiod", "salesquotation", "salesorder", "order",
]  # fmt: skip
SCHEMA_NAMES: tuple[SchemaName, ...] = get_args(SchemaName)
"""The entity types that have a canonical schema."""
_FILES = files(__package__) / "schemas"
_PART = "parts.json#/$defs/"


class SchemaNode(msgspec.Struct, rename="camel", forbid_unknown_fields=True, dict=True):
    """A value of a canonical record.

    Attributes:
        type: its JSON type, or that and `null`; empty: any value.
        pattern: a regular expression that a text matches as a whole.
        additional_properties: an object may have more than `properties`.
        unit: the unit of a number.
        systems: what the value is in each system, by the system's title.
    """

    type: str | list[str] = []
    description: str = ""
    unit: str | None = msgspec.field(name="x-unit", default=None)
    systems: dict[str, str] = msgspec.field(name="x-systems", default_factory=dict)
    format: Literal["date", "date-time"] | None = None
    enum: list[str | None] = []
    pattern: str | None = None
    min_length: int = 0
    minimum: int | None = None
    properties: dict[str, SchemaNode] = {}
    required: list[str] = []
    additional_properties: bool = True
    items: SchemaNode | None = None

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The JSON types that the value may have."""
        return (self.type,) if isinstance(self.type, str) else tuple(self.type)

    @cached_property
    def kind(self) -> str:
        """The value's JSON type, null apart; empty: any."""
        return next((type_ for type_ in self.types if type_ != "null"), "")

    @property
    def limits(self) -> bool:
        """Whether the value is limited by more than its type and format."""
        is_whole = self.kind in ("object", "array") or "null" not in self.types
        return (
            is_whole
            or bool(self.enum or self.pattern or self.min_length)
            or self.minimum is not None
        )

    def inside(self, path: Path) -> SchemaNode | None:
        """Return the node at a path; None where no value may be."""
        node: SchemaNode | None = self
        for segment in path:
            if node is None or not node.types:
                return node
            if segment.key is None:
                node = node.items
            else:
                is_open = node.kind == "object" and node.additional_properties
                node = node.properties.get(segment.key, ANY if is_open else None)
        return node


ANY = SchemaNode()


class CanonicalSchema(SchemaNode, kw_only=True):
    """The schema of an entity type; `name` is the entity type's."""

    schema: str = msgspec.field(name="$schema")
    name: str = msgspec.field(name="$id")
    title: str


@cache
def schema_document(name: SchemaName) -> JsonObject:
    """Return a schema as JSON Schema, with its parts in their places."""
    parts: JsonObject = _read("parts")["$defs"]
    found = _whole(_read(name), parts)
    assert isinstance(found, dict)
    return found


@cache
def canonical_schema(name: SchemaName) -> CanonicalSchema:
    """Return the schema of an entity type."""
    document = schema_document(name) | {"$id": name}
    return msgspec.convert(document, CanonicalSchema)


@cache
def schema_parts() -> dict[str, SchemaNode]:
    """Return what several schemas share, by name."""
    return msgspec.convert(_read("parts")["$defs"], dict[str, SchemaNode])


def _read(name: str) -> JsonObject:
    read: JsonObject = msgspec.json.decode((_FILES / f"{name}.json").read_bytes())
    return read


def _whole(value: Value, parts: JsonObject) -> Value:
    """Return a value with the part in place of each reference to it."""
    if isinstance(value, list):
        return [_whole(element, parts) for element in value]
    if not isinstance(value, dict):
        return value
    own = {key: _whole(inner, parts) for key, inner in value.items() if key != "$ref"}
    if "$ref" in value:
        return _whole(parts[value["$ref"].removeprefix(_PART)], parts) | own
    return own
