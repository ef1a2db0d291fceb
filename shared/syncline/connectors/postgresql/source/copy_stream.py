"""The rows of a query as lines of text, by COPY: a line a row, tabs between its values."""

from __future__ import annotations

import asyncio
from collections import deque

import asyncpg
from asyncpg.protocol import NO_TIMEOUT

from syncline.connectors.pages import PAGE_BYTES

_AHEAD = 500_000
"""Bytes that may wait to be taken; COPY itself waits while there are more."""


class CopyStream:
    """Copies as fast as lines are taken. The connection does nothing else meanwhile.

    Attributes:
        is_over: the query gives no more lines than were taken.

    Args:
        patience: seconds without a line after which the query has failed. The server's own limit
            would count the time in which nobody takes lines: it must be off.
    """

    def __init__(self, connection: asyncpg.Connection, sql: str, patience: float) -> None:
        self.is_over = False
        self._patience = patience
        self._buffers: deque[bytes] = deque()
        self._waiting = 0
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._lines: list[bytes] = []
        self._rest = b""
        self._size = 0
        copying = connection.copy_from_query(
            sql,
            output=self._put,
            timeout=NO_TIMEOUT,  # type: ignore[arg-type] # the stubs do not know it
        )
        self._copying = asyncio.ensure_future(copying)
        self._copying.add_done_callback(lambda _: self._came.set())

    async def take(self, count: int) -> list[bytes]:
        """Return up to so many lines without their ends, at least one; fewer where they are long.

        Raises what the query raises, once the lines before are taken.
        """
        while len(self._lines) < count and (self._size < PAGE_BYTES or not self._lines):
            if (buffer := await self._next()) is None:
                self.is_over = True
                break
            lines = (self._rest + buffer).split(b"\n")
            self._rest = lines.pop()
            self._lines += lines
            self._size += len(buffer)
        taken, self._lines = self._lines[:count], self._lines[count:]
        self._size = sum(map(len, self._lines))
        return taken

    async def close(self) -> None:
        """Let go of what is still being copied; nothing can be taken any more."""
        self._copying.cancel()
        await asyncio.wait([self._copying])
        if not self._copying.cancelled():
            self._copying.exception()  # taken, so that asyncio does not report it as overlooked
        del self._copying  # its error holds `_put`, and so all that was read: a cycle

    async def _put(self, buffer: bytes) -> None:
        self._buffers.append(buffer)
        self._waiting += len(buffer)
        self._came.set()
        if self._waiting >= _AHEAD:
            self._room.clear()
            await self._room.wait()

    async def _next(self) -> bytes | None:
        while not self._buffers:
            if self._copying.done():
                self._copying.result()
                return None
            self._came.clear()
            try:
                async with asyncio.timeout(self._patience):
                    await self._came.wait()
            except TimeoutError:
                words = f"statement timeout: no row came for {self._patience:.0f} s"
                raise TimeoutError(words) from None
        buffer = self._buffers.popleft()
        self._waiting -= len(buffer)
        self._room.set()
        return buffer


async def copied_lines(connection: asyncpg.Connection, sql: str) -> list[bytes]:
    """Return all rows of a query."""
    buffers: list[bytes] = []

    async def keep(buffer: bytes) -> None:
        buffers.append(buffer)

    await connection.copy_from_query(sql, output=keep)
    return b"".join(buffers).split(b"\n")[:-1]
