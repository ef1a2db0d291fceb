"""Positions of a read: values kept as they are, not as text, since SQLite orders by their types."""

from __future__ import annotations

import base64
import math
from typing import TypeAlias

import msgspec

Value: TypeAlias = str | int | float | bytes | None
"""What SQLite stores."""


class RawText(msgspec.Struct, frozen=True):
    """A text that is not UTF-8, as its bytes."""

    data: bytes


def encode_position(cursor: Value, last_id: Value, since: str) -> str:
    """Write a position; `since` is when the read that came here, or one before it, began."""
    return msgspec.json.encode([_said(cursor), _said(last_id), since]).decode()


def decode_position(position: str) -> tuple[Value | RawText, Value | RawText, str | None]:
    """Read a position: the cursor value, the ID, and since when it was read."""
    cursor, last_id, *more = msgspec.json.decode(position)
    return _meant(cursor), _meant(last_id), more[0] if more else None


def group_of(cursor: Value, source_id: Value) -> tuple[Value, Value]:
    """Return what is equal for values that SQLite may take as equal, whatever their collation."""
    return _folded(cursor), _folded(source_id)


def _folded(value: Value) -> Value:
    return value.rstrip(" ").casefold() if isinstance(value, str) else value


def _said(value: Value) -> object:
    if isinstance(value, bytes):
        return {"blob": base64.b64encode(value).decode()}
    if isinstance(value, float) and math.isinf(value):
        return {"real": str(value)}
    if isinstance(value, str) and not _is_unicode(value):
        return {"bytes": base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()}
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # the answer is No; its bytes are kept
        return False
    return True


def _meant(value: Value | dict[str, str]) -> Value | RawText:
    if not isinstance(value, dict):
        return value
    if "real" in value:
        return float(value["real"])
    if "blob" in value:
        return base64.b64decode(value["blob"])
    return RawText(base64.b64decode(value["bytes"]))
