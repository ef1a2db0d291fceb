"""Messages as bytes: read from a topic, or to be sent; their partitions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from zlib import crc32

import msgspec

Partition: TypeAlias = tuple[str, int]
"""Logical topic and partition number."""


class UncleanEnd(msgspec.Struct, frozen=True):
    """How a process left a partition that died, or lost it unnoticed.

    Attributes:
        offset: of the message that it handled alone, None where there were several.
        deaths: of processes that handled this message alone, one after the other.
    """

    offset: int | None
    deaths: int


OnPartitions: TypeAlias = Callable[[frozenset[Partition]], Awaitable[None]]
"""Called with the partitions that came or go."""


class Delivery(msgspec.Struct, frozen=True):
    """A message that was read.

    Attributes:
        timestamp: milliseconds since 1970, UTC.
        is_ours: it carries the right digest, or digests are not required yet. Where anybody may
            write, a message of somebody else is neither ours nor foreign.
        foreign: why it must not be believed, in words; None if it may be.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp: int
    is_ours: bool = False
    foreign: str | None = None


class Outbound(msgspec.Struct, frozen=True):
    """A message to be sent.

    Attributes:
        topic: logical name without the installation's prefix, e.g. `raw`.
        key: the correlation ID as text, in bytes.
        value: the encoded message; None for a tombstone.
        spread: any non-negative number; the partition is `spread` modulo the topic's partitions.
        headers: extra headers, in order.
        records: how many records it carries on, for metrics; it is not sent.
    """

    topic: str
    key: bytes
    value: bytes | None
    spread: int
    headers: tuple[tuple[str, bytes], ...] = ()
    records: int = 0


def size_of(message: Outbound) -> int:
    """Return the bytes of a message before compression; size limits are about these."""
    headers = sum(len(name) + len(value) + 10 for name, value in message.headers)
    return len(message.key) + len(message.value or b"") + headers + 64


def run_spread(run_id: str) -> int:
    """Return the spread for topics that keep a whole run on one partition."""
    return crc32(run_id.encode())


def lanes_of(source_ids: Sequence[str], lanes: int) -> list[int]:
    """Return records' lanes, the same everywhere. Raises UnicodeEncodeError: a lone surrogate."""
    return [crc32(i.encode()) % lanes for i in source_ids] if lanes > 1 else [0] * len(source_ids)


def lane_spread(run_id: str, lane: int) -> int:
    """Return the spread of one lane of a run on the stage topics."""
    return crc32(run_id.encode()) + lane
