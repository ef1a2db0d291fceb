"""Match keys as texts: what names a row at a target that has no IDs of its own.

A key of one column is its value; a key of several is a JSON array of theirs, which says what it
was made of: `["4711","eu"]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from syncline.domain.mapping.values import plain_text

_NONE = (type(None), dict, list)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str]).decode


def key_parts(record: Mapping[str, Any], columns: Sequence[str]) -> tuple[str, ...] | None:
    """Return a record's key, a text for each column; None where a part is no text or number."""
    parts = [record.get(column) for column in columns]
    if any(isinstance(part, _NONE) for part in parts):
        return None
    return tuple(map(plain_text, parts))


def to_target_id(parts: Sequence[str]) -> str:
    """Return a key as a target ID."""
    return parts[0] if len(parts) == 1 else _encode(list(parts)).decode()


def of_target_id(text: str, count: int) -> tuple[str, ...] | None:
    """Return the parts of a target ID; None where it is not made of so many."""
    if count == 1:
        return (text,)
    try:
        parts = _decode(text)
    except msgspec.DecodeError:
        return None
    return tuple(parts) if len(parts) == count else None
