"""Converts values of any JSON type to one of ours, or says why it cannot."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.values.numbers import to_decimal, to_int
from syncline.domain.naming import shown
from syncline.domain.record import JsonObject, Value, is_storable

MAX_DEPTH = 64
_TRUE = frozenset({"true", "1", "y", "yes"})
_FALSE = frozenset({"false", "0", "n", "no"})
_encode = msgspec.json.Encoder(decimal_format="number").encode


def plain_text(value: Value) -> str:
    """Return text for any value: true/false, plain decimals, compact JSON."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(to_int(value))
    if kind is Decimal:
        return f"{to_decimal(value):f}"
    return _encode(checked(value)).decode()


def to_string(value: Value) -> str:
    """Return a value as text; refuses NUL and lone surrogates, which no store accepts."""
    return clean_text(plain_text(value))


def clean_text(text: str) -> str:
    """Return a text as it is. Raises ValueRefusedError (`invalid_character`)."""
    if not is_storable(text):
        what = "a NUL character" if "\0" in text else "half of a surrogate pair"
        raise ValueRefusedError(f"must not hold {what}: {shown(text)}", code="invalid_character")
    return text


def checked(value: Value, depth: int = 0) -> Value:
    """Return a nested value as it is.

    Raises ValueRefusedError where a text or number in it cannot be sent, or it is nested deeper
    than 64 levels.
    """
    if depth > MAX_DEPTH:
        raise ValueRefusedError(f"must not be nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if kind is str:
        clean_text(value)
    elif kind is dict:
        for key, inner in value.items():
            clean_text(key)
            checked(inner, depth + 1)
    elif kind is list:
        for inner in value:
            checked(inner, depth + 1)
    elif kind is not bool and value is not None:
        to_decimal(value)
    return value


def sorted_keys(value: Value) -> Value:
    """Sort the keys of a value at every level."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(element) for element in value]
    return value


def without_nulls(value: Value, absent: Value) -> Value:
    """Return a value without its nulls and what is empty because of them; `absent` for nothing."""
    if value is None:
        return absent
    if not value or not isinstance(value, dict | list):
        return value
    if isinstance(value, dict):
        pairs = [(key, without_nulls(inner, absent)) for key, inner in value.items()]
        return {key: inner for key, inner in pairs if inner is not absent} or absent
    elements = [without_nulls(inner, absent) for inner in value]
    return [inner for inner in elements if inner is not absent] or absent


def to_bool(value: Value) -> bool:
    """Return a boolean of what plainly is one: true/false, 1/0, Y/N, yes/no, in any case."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if type(value) in (str, int) else ""
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueRefusedError(f"must be true/false, 1/0, Y/N or yes/no, not {shown(value)}")


def to_object(value: Value) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueRefusedError(f"must be an object, not {shown(value)}")
    checked(value)
    return value


def to_array(value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise ValueRefusedError(f"must be an array, not {shown(value)}")
    checked(value)
    return value
