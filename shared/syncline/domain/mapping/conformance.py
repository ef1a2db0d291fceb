"""Checks a normalization against the canonical schema that it names. Spec section 8."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.domain.errors import Problem
from syncline.domain.mapping.canonical.schema import CanonicalSchema, SchemaNode, canonical_schema
from syncline.domain.mapping.document import FieldType, Normalization, NormalizationField
from syncline.domain.mapping.paths import Path, parse_path, to_text
from syncline.domain.naming import meant

_TYPES = {
    "string": FieldType.STRING,
    "number": FieldType.DECIMAL,
    "integer": FieldType.INT,
    "boolean": FieldType.BOOL,
    "object": FieldType.OBJECT,
    "array": FieldType.ARRAY,
}
_FORMATS = {"date": FieldType.DATE, "date-time": FieldType.DATETIME}
_ALSO = {
    FieldType.STRING: (FieldType.DATE, FieldType.DATETIME),
    FieldType.DECIMAL: (FieldType.INT,),
}
"""Types whose values fit another one, too."""


def conformance_problems(normalization: Normalization) -> Iterator[Problem]:
    """Yield where the fields do not fit the schema, by paths in the normalization.

    That is an unknown property, a wrong type, and a required property that no field writes.
    """
    if normalization.schema is None:
        return
    schema = canonical_schema(normalization.schema)
    for number, field in enumerate(normalization.fields):
        for name, words in _field_problems(schema, field):
            yield Problem(f"$.fields[{number}].{name}", words)
    for text in _missing(schema, normalization):
        yield Problem("$.fields", f"no field writes `{text}`, which `{schema.name}` requires")


def field_type(node: SchemaNode) -> FieldType | None:
    """Return the type of a field that writes a value of a schema; None: any."""
    return _FORMATS[node.format] if node.format else _TYPES.get(node.kind)


def _field_problems(
    schema: CanonicalSchema, field: NormalizationField
) -> Iterator[tuple[str, str]]:
    path = parse_path(field.target)
    node = schema.inside(path)
    if node is None:
        yield "target", f"is not in the schema `{schema.name}`{_near(schema, path)}"
        return
    wanted = field_type(node)
    if wanted is not None and field.type not in (wanted, *_ALSO.get(wanted, ())):
        words = f"must be `{wanted}`: that is what `{field.target}` of `{schema.name}` is"
        yield "type", f"{words}, not `{field.type}`"


def _near(schema: CanonicalSchema, path: Path) -> str:
    """Return which name was probably meant, where a path leaves the schema."""
    length = next(n for n in range(len(path)) if schema.inside(path[: n + 1]) is None)
    before, wrong = path[:length], path[length]
    around = schema.inside(before)
    names = around.properties if around is not None else {}
    return meant(wrong.key, [to_text((*before, type(wrong)(key=name))) for name in names])


def _missing(schema: CanonicalSchema, normalization: Normalization) -> Iterator[str]:
    """Yield the required properties of each object that fields make and do not fill."""
    written: dict[Path, set[str]] = {(): set()}
    for field in normalization.fields:
        path = parse_path(field.target)
        for length, segment in enumerate(path):
            if segment.key is not None:
                written.setdefault(path[:length], set()).add(segment.key)
    for path, names in written.items():
        node = schema.inside(path)
        for name in node.required if node is not None else ():
            if name not in names:
                yield f"{to_text(path)}.{name}" if path else name
