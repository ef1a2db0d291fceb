r"""Paths into records: `name`, `address.city`, `lines[].sku`, `tags[0]`, `["Qty [pcs]"]`.

One grammar for sources, targets, conditions and options: keys joined by dots, `[n]` for one
element, `[]` for each. A key that holds a dot, a bracket or a blank at its ends is written as a
quoted segment, in which a backslash stands before `"` and `\`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from syncline.domain.columns import Columns
from syncline.domain.record import JsonObject, Value, is_storable

_QUOTED = r'\["(?P<quoted>(?:[^"\\]|\\["\\])*)"\]'
_FIRST = re.compile(rf"(?P<name>[^.\[\]]+)|{_QUOTED}")
_NEXT = re.compile(rf"\.(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]*)\]|{_QUOTED}")
_ESCAPED = re.compile(r'\\(["\\])')
MAX_INDEX = 1000
MAX_SEGMENTS = 64
"""As deep as values may be nested."""


class Segment(msgspec.Struct, frozen=True):
    """One step of a path: a key, or an index into an array (-1: each element)."""

    key: str | None = None
    index: int | None = None


EACH = Segment(index=-1)
Path: TypeAlias = tuple[Segment, ...]


def parse_path(text: str) -> Path:
    """Parse a path. Raises ValueError, which says what paths look like."""
    segments: list[Segment] = []
    position = 0
    while position < len(text) or not segments:
        found = (_NEXT if segments else _FIRST).match(text, position)
        if found is None:
            raise _no_path(text)
        segments.append(_segment(text, found))
        position = found.end()
    if len(segments) > MAX_SEGMENTS:
        raise ValueError(f"{text[:80]!r} has more than {MAX_SEGMENTS} segments")
    return tuple(segments)


def _segment(text: str, found: re.Match[str]) -> Segment:
    name, index = found["name"], found.groupdict().get("index")
    if index is not None:
        if index and (len(index) > len(str(MAX_INDEX)) or int(index) > MAX_INDEX):
            raise ValueError(f"index {index} in {text!r} is above {MAX_INDEX}")
        return Segment(index=int(index) if index else -1)
    key = name if name is not None else _ESCAPED.sub(r"\1", found["quoted"])
    if not key or (name is not None and name != name.strip()):
        raise _no_path(text)
    if not is_storable(key):
        raise ValueError(f"{text!r} must not hold a NUL or half of a surrogate pair")
    return Segment(key=key)


def _no_path(text: str) -> ValueError:
    return ValueError(
        f"{text[:200]!r} is not a path; paths look like `name`, `a.b`, `lines[].sku`, `tags[0]`; "
        f"a name with dots, brackets or blanks at its ends is quoted: `{_quoted(text[:200])}`"
    )


def is_simple(path: Path) -> bool:
    """Return whether a path is a single key."""
    return len(path) == 1


def split_at_each(path: Path) -> tuple[Path, Path] | None:
    """Split a path at its first `[]`: the path to the array, and the path inside an element."""
    if EACH not in path:
        return None
    place = path.index(EACH)
    return path[:place], path[place + 1 :]


def reader(path: Path) -> Callable[[Value], Value]:
    """Return a function that reads the path in a record; what is missing reads as None.

    A path with `[]` reads a list with each element's value. A column may have a dot in its name, so
    a key that is spelled like the path (up to its first `[]`) goes before the path.
    """
    place = path.index(EACH) if EACH in path else len(path)
    head, rest = to_text(path[:place]), path[place:]

    def read(record: Value) -> Value:
        if type(record) is dict and head in record:
            return _walk(record[head], rest)
        return _walk(record, path)

    return read


def batch_reader(path: Path) -> Callable[[Columns], list[Value]]:
    """Return a function that reads the path in all records of a batch, as `reader` does in one."""
    place = path.index(EACH) if EACH in path else len(path)
    head, rest = to_text(path[:place]), path[place:]
    key, inside = path[0].key or "", path[1:]
    if not inside and key == head:
        return lambda batch: batch.column(key)

    def read(batch: Columns) -> list[Value]:
        if head in batch.values:
            return walk_column(batch.values[head], rest)
        found = walk_column(batch.column(key), inside)
        if any(head in record for record in batch.rest):
            both = zip(batch.rest, found, strict=True)
            return [_walk(r[head], rest) if head in r else value for r, value in both]
        return found

    return read


def walk_column(values: list[Value], path: Path) -> list[Value]:
    """Read a path in each of the values; what is missing reads as None."""
    for place, segment in enumerate(path):
        if segment.index == -1:
            return [_walk(value, path[place:]) for value in values]
        if (key := segment.key) is not None:
            values = [value.get(key) if isinstance(value, dict) else None for value in values]
        else:
            values = [_step(value, segment) for value in values]
    return values


def column_name(text: str) -> str:
    """Return the column that a text names: as it is, but one quoted segment without its quotes."""
    try:
        path = parse_path(text)
    except ValueError:  # no path, so it can only be a name
        return text
    key = path[0].key
    return key if is_simple(path) and key is not None else text


def column_reader(name: str) -> Callable[[JsonObject], Value]:
    """Return a function that reads a record's column of that name or, if it has none, the path."""
    try:
        inside = reader(parse_path(name))
    except ValueError:  # no path, so it can only be a name
        return lambda record: record.get(name)
    return lambda record: record[name] if name in record else inside(record)


def _walk(value: Value, path: Path) -> Value:
    for place, segment in enumerate(path):
        if segment.index == -1:
            if not isinstance(value, list):
                return None
            rest = path[place + 1 :]
            return [_walk(element, rest) for element in value] if rest else value
        value = _step(value, segment)
        if value is None:
            return None
    return value


def _step(value: Value, segment: Segment) -> Value:
    if segment.key is not None:
        return value.get(segment.key) if isinstance(value, dict) else None
    index = segment.index or 0
    return value[index] if isinstance(value, list) and index < len(value) else None


def to_text(path: Path) -> str:
    """Return the text of a path, with quotes only where they are needed."""
    text = ""
    for segment in path:
        key = segment.key
        if key is None:
            text += "[]" if segment.index == -1 else f"[{segment.index}]"
        elif key != key.strip() or any(c in ".[]" for c in key):
            text += _quoted(key)
        else:
            text += f".{key}" if text else key
    return text


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'
