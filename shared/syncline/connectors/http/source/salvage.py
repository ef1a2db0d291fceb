"""Reading the records of a body that is no JSON as a whole, because one of them is not. Pure.

Where arrays and objects begin and end can be told though a text in them is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.paths import EACH, Path, to_text
from syncline.domain.record import Value

UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError, ArithmeticError)
"""What decoding raises for bytes that are no JSON, or a number that no machine holds."""
_decode = decoder_of(Value).decode
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{}:,]', re.DOTALL)
_PAIRS = {b"]": b"[", b"}": b"{"}
_DEEP = 60
_LONE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
_RAW = re.compile(rb"[\x00-\x1f]")
Span: TypeAlias = tuple[int, int]


class CutBodyError(ValueError):
    """A body ends in the middle."""


class BadRecord(msgspec.Struct):
    """A record that is no JSON: what can be read of it, and why the rest cannot."""

    record: Value
    failure: Failure


def check_whole(body: bytes) -> None:
    """Raise CutBodyError for a body that was cut, ValueError for signs that do not fit together."""
    opened: list[bytes] = []
    for token in _TOKEN.finditer(body):
        sign = token[0]
        if sign in (b"[", b"{"):
            opened.append(sign)
        elif sign in _PAIRS:
            if not opened or opened.pop() != _PAIRS[sign]:
                raise ValueError(f"unexpected {sign.decode()!r} at byte {token.start()}")
        elif sign == b'"':
            raise CutBodyError
    if opened or not body.rstrip().endswith((b"]", b"}", b'"')):
        raise CutBodyError


def salvage_records(body: bytes, path: Path) -> tuple[Value, list[Value]] | None:
    """Return a body's document with an empty array for its records, and the records.

    None where the path leads to no array, or the mistake is not in a record.
    """
    try:
        span = _array_at(body, path)
        if span is None:
            return None
        start, end = span
        document = _decode(body[:start] + b"[]" + body[end:])
        return document, [_record(body, part) for _, part in _children(body, start)]
    except UNREADABLE:  # the mistake is not in a record: the caller refuses the answer
        return None


def _record(body: bytes, span: Span) -> Value:
    data = body[slice(*span)]
    try:
        return _decode(data)
    except UNREADABLE:  # read part by part, to name the faulty field
        wrong: list[tuple[str, str]] = []
        record = _readable(data, (0, len(data)), "", wrong, 0)
        field, words = wrong[0] if wrong else ("", "is no JSON")
        place = f"`{field}` " if field else "the record "
        message = f"{place}{words}: correct it at the source"
        shown = data[:2000].decode("utf-8", "backslashreplace")
        kind = Category.PERMANENT
        return BadRecord(record, Failure(kind, "invalid_record", message, shown, field or None))


def _readable(
    body: bytes, span: Span, name: str, wrong: list[tuple[str, str]], depth: int
) -> Value:
    """Return what can be read of a value; what cannot is shown as text and noted."""
    data = body[slice(*span)]
    try:
        return _decode(data)
    except UNREADABLE:  # its parts are tried; what is unreadable is noted
        if data[:1] not in (b"{", b"[") or depth == _DEEP:
            place = name.partition("[")[0][:100] if depth == _DEEP else name
            wrong.append((place, _reason(data, depth)))
            return data[:500].decode("utf-8", "backslashreplace").strip('"')
    before = len(wrong)
    try:
        parts = list(_children(body, span[0]))
        if data[:1] == b"[":
            return [
                _readable(body, part, f"{name}[{n}]", wrong, depth + 1)
                for n, (_, part) in enumerate(parts)
            ]
        found = {}
        for key, part in parts:
            inner = f"{name}.{key}" if name else key
            found[key] = _readable(body, part, inner, wrong, depth + 1)
    except UNREADABLE:  # not even its parts: noted as a whole below
        del wrong[before:]
        found = {}
    if len(wrong) == before:
        wrong.append((name, "is no JSON"))
        return {"unreadable": data[:2000].decode("utf-8", "backslashreplace")}
    return found


def _reason(data: bytes, depth: int) -> str:
    """Say what is wrong with a value."""
    if depth == _DEEP:
        return f"is nested more than {_DEEP} deep"
    if data[:1] == b'"':
        if lone := _LONE.search(data):
            return f"holds half a character, {lone[0].decode()}, as of a text that was cut in two"
        if raw := _RAW.search(data):
            return f"holds the control character 0x{raw[0][0]:02x} as it is, not as JSON writes it"
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return f"holds the byte 0x{data[error.start]:02x}, which is no UTF-8"
        return "holds a backslash that means nothing in JSON"
    text = data[:40].decode("utf-8", "backslashreplace")
    kind = "number" if re.match(rb"[-+.\d]|NaN|Inf", data) else "value"
    return f"is {text!r}, which is no {kind} that JSON knows"


def _array_at(body: bytes, path: Path) -> Span | None:
    """Return where the array of records lies, up to the path's first `[]`."""
    start = len(body) - len(body.lstrip())
    span: Span | None = (start, len(body.rstrip()))
    whole = to_text(path)
    if path and body[start : start + 1] == b"{":
        named = [part for key, part in _children(body, start) if key == whole]
        if named:  # a name may have a dot in it
            return named[-1] if body[named[-1][0] : named[-1][0] + 1] == b"[" else None
    for segment in path:
        if segment == EACH or span is None:
            break
        span = _inside(body, span[0], segment.key, segment.index)
    return span if span and body[span[0] : span[0] + 1] == b"[" else None


def _inside(body: bytes, start: int, key: str | None, index: int | None) -> Span | None:
    opener = body[start : start + 1]
    if opener != (b"[" if key is None else b"{"):
        return None
    parts = list(_children(body, start))
    if key is None:
        return parts[index or 0][1] if (index or 0) < len(parts) else None
    return next((part for name, part in reversed(parts) if name == key), None)


def _children(body: bytes, start: int) -> Iterator[tuple[str, Span]]:
    """Yield name and place of each value in the array or object here. May raise ValueError."""
    is_object = body[start : start + 1] == b"{"
    begin, key, is_first = start + 1, None, True
    for sign, place in _signs(body, start):
        if sign == b":":
            if key is not None or not is_object:
                raise ValueError(f"unexpected ':' at byte {place}")
            key = str(_decode(body[begin:place]))
        else:
            part = _trimmed(body, begin, place)
            is_none = is_first and key is None and part[0] == part[1] and sign != b","
            if is_none:
                return
            if (is_object and key is None) or part[0] == part[1]:
                raise ValueError(f"no value at byte {begin}")
            yield key or "", part
            key, is_first = None, False
        begin = place + 1


def _signs(body: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Yield the commas and colons of one array or object itself, and its end."""
    depth = 0
    for token in _TOKEN.finditer(body, start):
        sign = token[0]
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
        if depth == 0 or (depth == 1 and sign in (b",", b":")):
            yield sign, token.start()
        if depth == 0:
            return


def _trimmed(body: bytes, start: int, end: int) -> Span:
    part = body[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())
