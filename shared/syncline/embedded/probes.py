"""Asks a server or service on 127.0.0.1 whether it serves, with a few bytes of its own protocol.

By hand, so that no client library is needed before its layer.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

_TIMEOUT = 2.0  # seconds
_METADATA = 3
_CLIENT = b"probe"


async def kafka_cluster(port: int) -> str | None:
    """Return the cluster ID of a Kafka that serves with at least one live broker, else None."""
    body = struct.pack(">hhih", _METADATA, 2, 1, len(_CLIENT)) + _CLIENT + struct.pack(">i", 0)
    answer = await _ask(port, struct.pack(">i", len(body)) + body, _sized)
    try:
        return _cluster_of(answer) if answer else None
    except (struct.error, UnicodeDecodeError):  # whoever answers there is no Kafka
        return None


async def postgres_answers(port: int) -> bool:
    """Tell whether a PostgreSQL lets clients log in; false while it starts or recovers."""
    words = b"user\0probe\0database\0probe\0\0"
    packet = struct.pack(">ii", len(words) + 8, 3 << 16) + words
    return await _ask(port, packet, lambda reader: reader.readexactly(1)) == b"R"


async def is_ready(port: int) -> bool:
    """Tell whether a service's /readyz says yes."""
    answer = await _ask(port, b"GET /readyz HTTP/1.0\r\n\r\n", lambda reader: reader.readline())
    return answer is not None and answer.split(b" ")[1:2] == [b"200"]


async def _ask(
    port: int, request: bytes, read: Callable[[asyncio.StreamReader], Awaitable[bytes]]
) -> bytes | None:
    """Send the request and read the answer; None for every way of not answering."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                return await read(reader)
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        # no answer: it is asked again until the start's time is up
        return None


async def _sized(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(min(size, 65536))


def _cluster_of(answer: bytes) -> str | None:
    """Read a Metadata answer, version 2: correlation, brokers, cluster ID."""
    (brokers,) = struct.unpack_from(">i", answer, 4)
    position = 8
    for _ in range(brokers):
        position += 4
        position = _skip_text(answer, position) + 4
        position = _skip_text(answer, position)
    (length,) = struct.unpack_from(">h", answer, position)
    if brokers < 1 or length < 0:
        return None
    return answer[position + 2 : position + 2 + length].decode()


def _skip_text(answer: bytes, position: int) -> int:
    length: int = struct.unpack_from(">h", answer, position)[0]
    return position + 2 + max(length, 0)
