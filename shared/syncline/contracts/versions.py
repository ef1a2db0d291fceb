"""Versions of messages between services: a reader takes older ones, and waits at newer ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")
VERSION = 3
"""Of all messages between services; since 3 a message names its run and tells nothing of it."""


class UnsupportedVersionError(Exception):
    """A message is newer than this release understands: it waits for an upgraded process."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"unsupported message version {version}; this release understands {VERSION}: upgrade "
            "this service before those that write to its topic"
        )


class _Versioned(msgspec.Struct):
    """What messages of all releases have."""

    v: int = 0


_version = msgspec.json.Decoder(_Versioned).decode


def decode_versioned(decode: Callable[[bytes], T], value: bytes | None) -> T:
    """Read a message. Raises msgspec.DecodeError; UnsupportedVersionError, however it looks."""
    data = value or b""
    try:
        message = decode(data)
    except msgspec.ValidationError:
        require_known_version(_version(data).v)
        raise
    require_known_version(getattr(message, "v", 0))
    return message


def require_known_version(version: int) -> None:
    """Raise UnsupportedVersionError for a version that only a newer release understands."""
    if version > VERSION:
        raise UnsupportedVersionError(version)
