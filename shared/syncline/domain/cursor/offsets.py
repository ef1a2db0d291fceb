"""Cursors of a topic: for each partition the offset of the next message, `{"0":1234,"1":987}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

_Offset = Annotated[int, msgspec.Meta(ge=0)]
_decode = msgspec.json.Decoder(dict[_Offset, _Offset]).decode


def offsets_of(text: str) -> dict[int, int]:
    """Read a cursor. Raises ValueError: it is none."""
    try:
        return _decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{text[:80]!r} is no map of offsets") from error


def text_of(offsets: Mapping[int, int]) -> str:
    """Write a cursor."""
    return "{" + ",".join(pieces_of(offsets)) + "}"


def pieces_of(offsets: Mapping[int, int]) -> list[str]:
    """Return the parts of a cursor's text, by partition."""
    return [f'"{partition}":{offsets[partition]}' for partition in sorted(offsets)]
