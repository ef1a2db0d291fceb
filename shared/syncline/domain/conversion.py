"""Plain JSON values as structs: every mistake at once, in words for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Literal, TypeVar, get_args, get_origin

import msgspec

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown, unknown_field

T = TypeVar("T", bound=msgspec.Struct)
UUID_WORDS = "must be a UUID such as 01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"
TIME_WORDS = "must be a time such as `2026-01-31T08:15:00Z`"
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "uuid": UUID_WORDS.removeprefix("must be "),
    "datetime": TIME_WORDS.removeprefix("must be "),
}
_LIMIT = re.compile(r"Expected `(\w+)`(?: of length)? (>=|<=|>|<) (-?[\d.]+)")
_EXPECTED = re.compile(r"Expected `([^`]+)`")
_NUMBERS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def converted(value: object, kind: type[T], path: str = "$") -> T:
    """Return a plain value as a struct.

    Args:
        path: where the value stands, for the words.

    Raises:
        InvalidInputError: names every mistake by its JSON path.
    """
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidInputError(
            list(_of_struct(value, kind, path)) or [_one(error, path)]
        ) from None


def _of_struct(value: object, kind: type[msgspec.Struct], path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(path, f"must be an object, not {shown(value)}")
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if kind.__struct_config__.forbid_unknown_fields:
        for name in value.keys() - fields.keys():
            yield Problem(f"{path}.{name}", unknown_field(name, fields))
    for name, field in fields.items():
        if name in value:
            yield from _of_field(value[name], field.type, f"{path}.{name}")
        elif field.required:
            yield Problem(f"{path}.{name}", "is required")


def _of_field(value: object, kind: object, path: str) -> Iterator[Problem]:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        inner = _struct_in(kind)
        found = list(_of_struct(value, inner, path)) if inner else []
        yield from found or [_one(error, path, kind, value)]


def _struct_in(kind: object) -> type[msgspec.Struct] | None:
    """Return the one struct that a type may be, through Annotated and `| None`."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind
    if get_origin(kind) in (list, dict, tuple, set):
        return None
    found = [inner for part in get_args(kind) if (inner := _struct_in(part))]
    return found[0] if len(found) == 1 else None


def _one(error: Exception, path: str, kind: object = None, value: object = None) -> Problem:
    said, _, place = str(error).partition(" - at `")
    place = place.rstrip("`").removeprefix("$")
    at, given = _deepest(value, place, path, said)
    return Problem(at, _words(said, kind, given))


def _deepest(value: object, place: str, path: str, said: str) -> tuple[str, object]:
    """Follow `[0].name` in a value; of objects the library names no key, so the first wrong one."""
    for index, name in re.findall(r"\[(\d+)\]|\.(\w+)", place):
        if index and isinstance(value, list) and int(index) < len(value):
            value, path = value[int(index)], f"{path}[{index}]"
        elif name and isinstance(value, Mapping) and name in value:
            value, path = value[name], f"{path}.{name}"
    expected = _EXPECTED.match(said)
    if expected and expected[1] == "array" and isinstance(value, Mapping):
        wrong = [key for key, part in value.items() if not isinstance(part, list)]
        return (
            (f"{path}.{wrong[0]}", value[wrong[0]]) if wrong and "..." in place else (path, value)
        )
    return path, value


def _words(said: str, kind: object, value: object) -> str:
    if words := _limit(said):
        return words if words == "must not be empty" else f"{words}, not {shown(value)}"
    return f"{_kind(said, kind)}, not {shown(value)}"


def _limit(said: str) -> str | None:
    found = _LIMIT.match(said)
    if not found:
        return None
    kind, sign, number = found.groups()
    if kind not in ("str", "array", "object"):
        return f"must be {_NUMBERS[sign]} {number}"
    what = "characters" if kind == "str" else "entries"
    if sign == ">=":
        return "must not be empty" if number == "1" else f"must have at least {number} {what}"
    return f"may have at most {int(number):,} {what}"


def _kind(said: str, kind: object) -> str:
    if "matching regex" in said:
        return "may hold no control character that no database keeps"
    if "timezone" in said or "RFC3339" in said:
        return f"{TIME_WORDS}, with its zone" if "timezone" in said else TIME_WORDS
    if "UUID" in said:
        return UUID_WORDS
    if choices := list(_choices(kind)):
        return f"must be one of {', '.join(choices)}"
    expected = _EXPECTED.match(said)
    names = [name for name in expected[1].split(" | ") if name != "null"] if expected else []
    known = list(dict.fromkeys(_KINDS[name] for name in names if name in _KINDS))
    return f"must be {' or '.join(known)}" if known else "is not what it may be"


def _choices(kind: object) -> Iterator[str]:
    if get_origin(kind) is Literal:
        yield from (str(each) for each in get_args(kind))
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield from (str(each.value) for each in kind)
    elif get_origin(kind) not in (list, dict, tuple):
        for part in get_args(kind):
            yield from _choices(part)
