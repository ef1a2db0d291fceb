"""Checks columns of canonical values against a schema: all values at once, as most of them fit.

Only where a column does not fit is each of its values looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from types import NoneType

from syncline.domain.mapping.canonical.schema import SchemaNode
from syncline.domain.mapping.paths import Path, Segment
from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.dates import parse_time, to_date
from syncline.domain.naming import meant, shown
from syncline.domain.record import Value

_KINDS: Mapping[str, frozenset[type]] = {
    "string": frozenset({str}),
    "number": frozenset({int, Decimal, float}),
    "integer": frozenset({int, Decimal, float}),
    "boolean": frozenset({bool}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "null": frozenset({NoneType}),
}
_WORDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}
PATTERNS = {"^[A-Z]{3}$": "three capitals, such as EUR", "^[A-Z]{2}$": "two capitals, such as DE"}


def _is_date(text: str) -> bool:
    return _reads(lambda: to_date(text) == text)


def _is_time(text: str) -> bool:
    return len(text) > len("2026-01-31") and _reads(lambda: bool(parse_time(text)))


def _is_whole(number: Decimal | int | float) -> bool:
    return type(number) is int or Decimal(number).to_integral_value() == number


def _reads(read: Callable[[], bool]) -> bool:
    try:
        return read()
    except ValueRefusedError:  # the caller says what the text must be
        return False


_FORMATS = {
    "date": (_is_date, "a date such as 2026-01-31"),
    "date-time": (_is_time, "a time such as 2026-01-31T13:45:00+01:00"),
}


@cache
def _kinds(types: tuple[str, ...]) -> frozenset[type]:
    return frozenset[type]().union(*(_KINDS[type_] for type_ in types))


def fits(node: SchemaNode, values: Sequence[Value]) -> bool:
    """Tell whether every value is as the schema says."""
    if not node.types:
        return True
    kinds = set(map(type, values))
    if not kinds <= _kinds(node.types):
        return False
    given = [v for v in values if v is not None] if NoneType in kinds else values
    if node.kind == "object":
        return _objects_fit(node, given)
    if node.items is not None:
        return fits(node.items, [element for value in given for element in value])
    return not any(words for words in _refusals(node, given))


def _objects_fit(node: SchemaNode, values: Sequence[Value]) -> bool:
    if not node.properties:
        return True
    names = set[str]().union(*values)
    if not names <= node.properties.keys():
        return False
    if not all(name in value for name in node.required for value in values):
        return False
    return all(
        fits(node.properties[name], [value[name] for value in values if name in value])
        for name in names
    )


def _refusals(node: SchemaNode, values: Sequence[Value]) -> Iterator[str]:
    """Yield what texts or numbers of the right type must be and are not, for any of them."""
    if node.kind == "string":
        yield from _text_refusals(node, values)
    elif node.kind == "integer" and not all(map(_is_whole, values)):
        yield f"must be {_WORDS['integer']}"
    if node.minimum is not None and values and min(values) < node.minimum:
        yield f"must be at least {node.minimum}"


def _text_refusals(node: SchemaNode, values: Sequence[Value]) -> Iterator[str]:
    if node.min_length and values and min(map(len, values)) < node.min_length:
        yield "must not be empty"
    if node.enum and not set(values).issubset(node.enum):
        words = ", ".join(filter(None, node.enum))
        yield f"must be one of {words}"
    if node.pattern and not all(map(re.compile(node.pattern).fullmatch, set(values))):
        yield f"must be {PATTERNS[node.pattern]}"
    if node.format:
        is_one, words = _FORMATS[node.format]
        if not all(map(is_one, set(values))):
            yield f"must be {words}"


def refusals(node: SchemaNode, value: Value, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with one value: the path, and words that follow its name."""
    if not node.types:
        return
    if type(value) not in _kinds(node.types):
        must = f"must be {_WORDS[node.kind]}, not {shown(value)}"
        yield path, "is required" if value is None else must
    elif isinstance(value, dict):
        yield from _object_refusals(node, value, path)
    elif isinstance(value, list) and node.items is not None:
        for number, element in enumerate(value):
            yield from refusals(node.items, element, (*path, Segment(index=number)))
    elif value is not None:
        for words in _refusals(node, [value]):
            choices = [word for word in node.enum if word]
            yield path, f"{words}, not {shown(value)}{meant(value, choices)}"


def _object_refusals(
    node: SchemaNode, value: dict[str, Value], path: Path
) -> Iterator[tuple[Path, str]]:
    for name in node.required:
        if name not in value:
            yield (*path, Segment(key=name)), "is required"
    for name, inner in value.items():
        place = (*path, Segment(key=name))
        if name in node.properties:
            yield from refusals(node.properties[name], inner, place)
        elif not node.additional_properties:
            yield place, f"is not in the schema{meant(name, node.properties)}"
