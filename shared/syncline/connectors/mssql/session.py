"""One connection to a server: statements, their rows, and their errors by SQL Server's numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import mssql_python

from syncline.connectors.mssql.errors import ServerError, check_loaded
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.mssql.worker import Worker
from syncline.connectors.sql.server import CONNECT_LIMIT

Row: TypeAlias = tuple[object, ...]
T = TypeVar("T")
USED_FOR = 300.0
"""Seconds since a connection was opened after which no call begins with it."""
_IDLE_FOR = 30.0
"""Seconds that a connection may wait: hosts close those that wait for long."""
_LOCK_WAIT = 30
"""Seconds that a statement waits for another one's lock."""
_UNHEARD = 10
"""Seconds after which the driver ends what was cancelled and went on."""
_AT_ONCE = 50
"""Rows that are taken from the driver at once."""
_NUMBER = "syncline_error"
_STATEMENT = f"""declare @statement nvarchar(max) = ?, @declared nvarchar(max) = ?
begin try exec sp_executesql @statement{{0}} end try
begin catch
  declare @number int = error_number(), @words nvarchar(max) = error_message()
  if @@trancount > 0 rollback
  select @number as {_NUMBER}, @words as words
end catch"""
"""Runs a statement, and gives the number of its error, which the driver would keep to itself."""
_SETTINGS = f"""set language us_english; set datefirst 7; set lock_timeout {_LOCK_WAIT * 1000};
set xact_abort on; set nocount on"""
_ABOUT = """select cast(serverproperty('ProductVersion') as nvarchar(100)) as version,
snapshot_isolation_state from sys.databases where database_id = db_id()"""
_SNAPSHOT = "set transaction isolation level snapshot"
mssql_python.pooling(enabled=False)  # the driver would lend a connection that was given up


class Rows(msgspec.Struct):
    """Rows of a statement; `is_cut` where there are more, which were not taken."""

    rows: list[Row]
    names: tuple[str, ...]
    is_cut: bool = False


class Session:
    """One connection, and the thread that alone uses it.

    Attributes:
        version: of the server.
        is_snapshot: its statements read what was committed when they began, and lock nothing.
        zone: of columns that say no zone, where they are read.
    """

    def __init__(self, settings: MssqlSettings) -> None:
        self._worker = Worker("syncline-mssql")
        self._connection: mssql_python.Connection | None = None
        self._cursor: mssql_python.Cursor | None = None
        self._limit = settings.statement_timeout
        self._opened = self._used = asyncio.get_running_loop().time()
        self._is_busy = self._is_closed = False
        self.zone = ZoneInfo(settings.timezone) if settings.timezone else None
        self.version = ""
        self.is_snapshot = False

    async def connect(self, text: str, *, writes: bool) -> None:
        """Log in with a connection string.

        Raises mssql_python.Error, and ConnectorError where the driver cannot work here.
        """

        def call() -> None:
            self._connection = mssql_python.connect(text, autocommit=True, timeout=CONNECT_LIMIT)
            self._connection.timeout = self._limit + _UNHEARD

        try:
            await self._call(call)
        except mssql_python.Error as error:
            check_loaded(error)
            raise
        await self.begin(_SETTINGS)
        [[version, state]] = (await self.rows(_ABOUT)).rows
        self.version, self.is_snapshot = str(version), state == 1 and not writes
        if self.is_snapshot:
            await self.begin(_SNAPSHOT)

    @property
    def is_fit(self) -> bool:
        """Whether another call may begin with it."""
        now = asyncio.get_running_loop().time()
        is_fresh = now - self._opened < USED_FOR and now - self._used < _IDLE_FOR
        return is_fresh and not self._is_busy and not self._is_closed

    @property
    def is_open(self) -> bool:
        """Whether its thread still runs."""
        return self._worker.is_alive

    def close(self) -> None:
        """Let go of the connection; a statement that still runs is cancelled. Does not wait."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_busy and self._cursor is not None:
            Thread(target=_cancel, args=[self._cursor], daemon=True).start()
        self._worker.end(self._disconnect)

    async def begin(self, sql: str) -> None:
        """Run a statement of the session itself, as it is."""
        await self._call(lambda: self._ready().execute(sql))

    async def rows(
        self,
        sql: str,
        given: Mapping[str, str] | None = None,
        *,
        most: int | None = None,
        most_bytes: int | None = None,
    ) -> Rows:
        """Run a statement and return the rows of its last result.

        Args:
            given: texts, by the names that the statement has for them: `@name` without its sign.
            most: rows that are taken.
            most_bytes: of cells, after which no more rows are taken.

        Raises ServerError, mssql_python.Error.
        """

        def call() -> Rows:
            found = Rows([], ())
            cursor = self._asked(sql, given or {})
            while True:
                if cursor.description is not None:
                    found = _taken(cursor, most, most_bytes)
                    _refuse(found)
                if found.is_cut or not cursor.nextset():
                    break
            if found.is_cut:
                cursor.close()
                self._cursor = None
            return found

        return await self._call(call)

    async def open_rows(self, sql: str, given: Mapping[str, str]) -> tuple[str, ...] | None:
        """Run a statement whose rows `take` takes; return their columns, None where it gives none.

        Raises as `rows` does.
        """

        def call() -> tuple[str, ...] | None:
            cursor = self._asked(sql, given)
            while cursor.description is None:
                if not cursor.nextset():
                    return None
            names = _names(cursor)
            if names[0] == _NUMBER:
                _refuse(_taken(cursor, None, None))
            return names

        return await self._call(call)

    async def take(self, most: int, most_bytes: int) -> Rows:
        """Take more rows of the statement that runs; raises as `rows` does."""

        def call() -> Rows:
            return _taken(self._ready(), most, most_bytes)

        return await self._call(call)

    async def next_result(self) -> bool:
        """Tell whether the statement gives more rows, in another result; raises as `rows` does."""

        def call() -> bool:
            cursor = self._ready()
            while cursor.nextset():
                if cursor.description is not None:
                    if _names(cursor)[0] == _NUMBER:
                        _refuse(_taken(cursor, None, None))
                    return True
            return False

        return await self._call(call)

    async def _call(self, call: Callable[[], T]) -> T:
        """Run a call in the connection's thread; the connection is spoilt where it is given up.

        Raises TimeoutError where it takes too long, and what the call raises.
        """
        self._is_busy = True
        try:
            async with asyncio.timeout(self._limit):
                answer = await self._worker.run(call)
        except RuntimeError as error:  # so the driver tells of a handle whose line is gone
            raise OSError(str(error)) from error
        self._is_busy = False
        self._used = asyncio.get_running_loop().time()
        return answer

    def _ready(self) -> mssql_python.Cursor:
        if self._cursor is None:
            assert self._connection is not None
            self._cursor = self._connection.cursor()
        return self._cursor

    def _asked(self, sql: str, given: Mapping[str, str]) -> mssql_python.Cursor:
        cursor = self._ready()
        declared = ", ".join(f"@{name} nvarchar(max)" for name in given)
        asked = _STATEMENT.format(f", @declared{', ?' * len(given)}" if given else "")
        cursor.execute(asked, [sql, declared, *given.values()])
        return cursor

    def _disconnect(self) -> None:
        with suppress(mssql_python.Error, RuntimeError):  # it is gone already
            if self._connection is not None:
                self._connection.close()


def _cancel(cursor: mssql_python.Cursor) -> None:
    """Have the server end what it does; where it does not hear, the statement's limit ends it."""
    with suppress(Exception):  # the statement has ended meanwhile
        cursor.hstmt._cancel()  # type: ignore[union-attr] # noqa: SLF001 - the driver has no other name for it


def _taken(cursor: mssql_python.Cursor, most: int | None, most_bytes: int | None) -> Rows:
    found = Rows([], _names(cursor))
    size = 0
    while True:
        wanted = _AT_ONCE if most is None else min(_AT_ONCE, most - len(found.rows))
        some = cursor.fetchmany(wanted) if wanted else []
        found.rows += map(tuple, some)
        if len(some) < wanted or not wanted:
            found.is_cut = not wanted
            return found
        if most_bytes is not None:
            size += len(some) * max(_size(tuple(row)) for row in some[::20])
            if size > most_bytes:
                found.is_cut = True
                return found


def _size(row: Row) -> int:
    return sum(len(cell) for cell in row if isinstance(cell, str | bytes))


def _names(cursor: mssql_python.Cursor) -> tuple[str, ...]:
    return tuple(column[0] for column in cursor.description or ())


def _refuse(found: Rows) -> None:
    """Raise ServerError where rows are what a statement failed with."""
    if found.names and found.names[0] == _NUMBER:
        number, words = found.rows[0]
        raise ServerError(int(str(number)), str(words))
