"""One connection to a MySQL server: what is set in it, and how statements are run on it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from asyncmy.connection import Connection
from asyncmy.constants import CLIENT

from syncline.connectors.mysql.settings import MysqlSettings
from syncline.connectors.sql.server import CONNECT_LIMIT

if TYPE_CHECKING:
    from asyncmy.connection import MySQLResult

Row: TypeAlias = tuple[str | bytes | None, ...]
USED_FOR = 300.0
"""Seconds since a connection was opened after which no call begins with it."""
_IDLE_FOR = 30.0
"""Seconds that a connection may wait: hosts close those that wait for long."""
_UNREAD_FOR = 3600
"""Seconds that a server may wait for a result to be read; the reader sets a limit of its own."""
STRICT = (
    "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_AUTO_VALUE_ON_ZERO,NO_BACKSLASH_ESCAPES,NO_ENGINE_SUBSTITUTION"
)
"""What a writing session asks for: nothing is cut, and texts are read in one way."""
_NOT_TO_READ = ("NO_ZERO_DATE", "NO_ZERO_IN_DATE", "STRICT_ALL_TABLES", "STRICT_TRANS_TABLES")
"""Modes in which dates such as 0000-00-00 could not be compared."""


class Session(Connection):
    """One connection; values come as the server writes them, as text or bytes.

    Attributes:
        version: of the server.
        packet: bytes of the longest statement that it takes.
        zone: of `datetime` columns that are read.
    """

    _client_flag: int
    _transport: asyncio.Transport | None
    _stream_broken: bool
    _result: MySQLResult

    def __init__(
        self,
        address: str,
        tls: ssl.SSLContext | bool,
        settings: MysqlSettings,
        password: str,
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call] # as its stubs have it
            host=address,
            port=settings.port,
            user=settings.user,
            password=password.encode(),
            database=settings.database,
            ssl=tls or None,
            connect_timeout=CONNECT_LIMIT,
            charset="utf8mb4",
            client_flag=CLIENT.FOUND_ROWS,
            program_name="syncline",
            autocommit=None,
            conv={},
        )
        self._client_flag &= ~CLIENT.MULTI_STATEMENTS
        self._limit = float(settings.statement_timeout)
        self._until = asyncio.get_running_loop().time() + USED_FOR
        self.zone = ZoneInfo(settings.timezone) if settings.timezone else None
        self.version = ""
        self.packet = 0

    async def prepare_session(self, *, writes: bool) -> None:
        """Set what every session has, and learn what the server is."""
        [[version, mode, packet]] = await self.rows(
            "select version(), @@session.sql_mode, @@max_allowed_packet"
        )
        self.version, self.packet = str(version), int(packet or 0)
        mode = STRICT if writes else _reading_mode(str(mode))
        limit = (
            f"max_statement_time = {self._limit:.0f}"
            if self.is_mariadb
            else f"max_execution_time = {self._limit * 1000:.0f}"
        )
        await self.run(
            f"set session time_zone = '+00:00', sql_mode = '{mode}', {limit}, autocommit = 1, "
            f"net_write_timeout = {_UNREAD_FOR}"
        )

    @property
    def is_mariadb(self) -> bool:
        return "mariadb" in self.version.lower()

    @property
    def is_fit(self) -> bool:
        """Whether another call may begin with it."""
        now = asyncio.get_running_loop().time()
        is_fresh = now < self._until and now - self.last_usage < _IDLE_FOR
        return bool(self.connected) and not self._stream_broken and is_fresh

    async def run(self, sql: str) -> int:
        """Run a statement; return how many rows it found or made.

        Raises asyncmy's MySQLError, TimeoutError.
        """
        await self._asked(sql)
        affected: int = self._result.affected_rows  # type: ignore[assignment] # an object there
        return affected

    async def rows(self, sql: str) -> Sequence[Row]:
        """Return all rows of a query. Raises as `run` does."""
        await self._asked(sql)
        return self._result.rows or ()

    async def _asked(self, sql: str) -> None:
        async with asyncio.timeout(self._limit + 10):
            await self.query(sql)  # type: ignore[no-untyped-call]
        self.touch()

    def touch(self) -> None:
        """Note that it is in use."""
        self._last_usage = asyncio.get_running_loop().time()

    def fields(self) -> list[tuple[str, int, int, int, int]]:
        """Return name, type, character set, flags and length of the columns of the last result."""
        return [(f.name, f.type_code, f.charsetnr, f.flags, f.length) for f in self._result.fields]

    @contextmanager
    def unread(self) -> Iterator[None]:
        """Take nothing from the server while the block runs; it waits with the rest."""
        transport = self._transport
        if transport is None or transport.is_closing():
            yield
            return
        transport.pause_reading()
        try:
            yield
        finally:
            if not transport.is_closing():
                transport.resume_reading()


def _reading_mode(mode: str) -> str:
    return ",".join(part for part in mode.split(",") if part not in _NOT_TO_READ)
