"""Paths into records: `name`, `address.city`, `lines[].sku`, `addresses[0].city`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

_SEGMENT = re.compile(r"([^.\[\]]+)((?:\[\d*\])*)")
_INDEX = re.compile(r"\[(\d*)\]")
MAX_INDEX = 1000


class Segment(msgspec.Struct, frozen=True):
    """One step: a key, or an index into an array (-1: each element)."""

    key: str | None = None
    index: int | None = None


EACH = Segment(index=-1)


def parse_path(text: str) -> tuple[Segment, ...]:
    """Read a path.

    Raises:
        ValueError: it is malformed; the message says how a path looks.
    """
    segments: list[Segment] = []
    for part in text.split("."):
        found = _SEGMENT.fullmatch(part)
        if not found or part != part.strip():
            raise ValueError(f"{text!r} is no path; paths look like `name`, `a.b`, `lines[].sku`")
        segments.append(Segment(key=found[1]))
        for index in _INDEX.findall(found[2]):
            if index and int(index) > MAX_INDEX:
                raise ValueError(f"index {index} in {text!r} is above {MAX_INDEX}")
            segments.append(Segment(index=int(index) if index else -1))
    return tuple(segments)


def is_simple(path: tuple[Segment, ...]) -> bool:
    """Tell a plain key from a path."""
    return len(path) == 1


def split_at_each(
    path: tuple[Segment, ...],
) -> tuple[tuple[Segment, ...], tuple[Segment, ...]] | None:
    """Part a path at its first `[]`: what leads to the array, and what follows in an element."""
    if EACH not in path:
        return None
    place = path.index(EACH)
    return path[:place], path[place + 1 :]


def reader(path: tuple[Segment, ...]) -> Callable[[Any], Any]:
    """Return a function that reads the path of a record; what is missing reads as None.

    With `[]` it reads a list of what each element has.
    """
    text = to_text(path)

    def read(record: Any) -> Any:  # noqa: ANN401
        if type(record) is dict and text in record:
            return record[text]  # a column may have a dot in its name
        return _walk(record, path)

    return read


def _walk(value: Any, path: tuple[Segment, ...]) -> Any:  # noqa: ANN401
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


def _step(value: Any, segment: Segment) -> Any:  # noqa: ANN401
    if segment.key is not None:
        return value.get(segment.key) if isinstance(value, dict) else None
    index = segment.index or 0
    return value[index] if isinstance(value, list) and index < len(value) else None


def to_text(path: tuple[Segment, ...]) -> str:
    """Return a path as it is written."""
    text = ""
    for segment in path:
        if segment.key is not None:
            text += f".{segment.key}" if text else segment.key
        else:
            text += "[]" if segment.index == -1 else f"[{segment.index}]"
    return text
