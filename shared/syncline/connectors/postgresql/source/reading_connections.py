"""Connections that read, kept for the next read: to open one takes longer than to read a few rows.

A connection is used again only when a read came to its end, and not for long: what its login may do
and where the server's address leads may be another by then (docs/decisions/0061).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from syncline.connectors.postgresql.errors import OF_DRIVER

KEPT = 2
"""Connections that wait for the next read."""
USED_FOR = 300.0
"""Seconds since a connection was opened after which no read begins with it."""
_ANSWERS_WITHIN = 5.0
"""Seconds."""


class ReadingConnections:
    """The connections of one profile."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._idle: list[asyncpg.Connection] = []
        self._until: dict[asyncpg.Connection, float] = {}
        self._is_closed = False

    async def take(self) -> asyncpg.Connection:
        """Return a connection that answers; the caller keeps it or drops it.

        Raises what opening a connection raises.
        """
        while self._idle:
            connection = self._idle.pop()
            if await _answers(connection):
                return connection
            self.drop(connection)
        connection = await self._connect()
        self._until[connection] = asyncio.get_running_loop().time() + USED_FOR
        return connection

    async def keep(self, connection: asyncpg.Connection) -> None:
        """Take back the connection of a read that came to its end; what it left there goes."""
        left = self._until[connection] - asyncio.get_running_loop().time()
        is_clean = await _answers(connection, f"rollback;\n{connection.get_reset_query()}")
        if is_clean and left > 0 and len(self._idle) < KEPT and not self._is_closed:
            self._idle.append(connection)
            asyncio.get_running_loop().call_later(left, self._expire, connection)
        else:
            self.drop(connection)

    def drop(self, connection: asyncpg.Connection) -> None:
        """Close a connection, whatever it does."""
        self._until.pop(connection, None)
        connection.terminate()

    def close(self) -> None:
        """Close all that wait, and keep none any more."""
        self._is_closed = True
        while self._idle:
            self.drop(self._idle.pop())

    def _expire(self, connection: asyncpg.Connection) -> None:
        if connection in self._idle and connection in self._until:
            self._idle.remove(connection)
            self.drop(connection)


async def _answers(connection: asyncpg.Connection, sql: str = "select") -> bool:
    try:
        await connection.execute(sql, timeout=_ANSWERS_WITHIN)
    except OF_DRIVER:  # it is closed then, and the next read opens another
        return False
    return True
