"""Asks a server or service on 127.0.0.1 whether it serves."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

from syncline.domain.errors import RetriableError
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection

_TIMEOUT = 2.0  # seconds


async def kafka_cluster(port: int) -> str | None:
    """Return the cluster ID of a Kafka that serves, else None."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            return await KafkaAdmin(KafkaConnection(f"127.0.0.1:{port}")).cluster()
    except (RetriableError, TimeoutError):  # it is asked again until the start's time is up
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
