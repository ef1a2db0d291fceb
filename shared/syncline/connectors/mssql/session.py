"""One connection to a server: statements, their rows, and their errors by SQL Server's numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeAlias, TypeVar

import msgspec
import mssql_python

from syncline.connectors.mssql.errors import ServerError, check_loaded
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.sql.server import CONNECT_LIMIT
from syncline.connectors.sql.threaded_session import ThreadedSession

Row: TypeAlias = tuple[object, ...]
T = TypeVar("T")
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


class Session(ThreadedSession):
    """One connection.

    Attributes:
        is_snapshot: its statements read what was committed when they began, and lock nothing.
    """

    def __init__(self, settings: MssqlSettings) -> None:
        super().__init__("syncline-mssql", settings.statement_timeout, settings.timezone)
        self._connection: mssql_python.Connection | None = None
        self._cursor: mssql_python.Cursor | None = None
        self.is_snapshot = False

    async def connect(self, text: str, *, writes: bool) -> None:
        """Log in with a connection string.

        Raises mssql_python.Error, and ConnectorError where the driver cannot work here.
        """

        def call() -> None:
            self._connection = mssql_python.connect(text, autocommit=True, timeout=CONNECT_LIMIT)
            self._connection.timeout = int(self._limit) + _UNHEARD

        try:
            await self.call(call)
        except mssql_python.Error as error:
            check_loaded(error)
            raise
        await self.begin(_SETTINGS)
        [[version, state]] = (await self.rows(_ABOUT)).rows
        self.version, self.is_snapshot = str(version), state == 1 and not writes
        if self.is_snapshot:
            await self.begin(_SNAPSHOT)

    async def begin(self, sql: str) -> None:
        """Run a statement of the session itself, as it is."""
        await self.call(lambda: self._ready().execute(sql))

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

        return await self.call(call)

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

        return await self.call(call)

    async def take(self, most: int, most_bytes: int) -> Rows:
        """Take more rows of the statement that runs; raises as `rows` does."""

        def call() -> Rows:
            return _taken(self._ready(), most, most_bytes)

        return await self.call(call)

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

        return await self.call(call)

    async def call(self, call: Callable[[], T]) -> T:
        """Run a call in the connection's thread; see ThreadedSession."""
        try:
            return await super().call(call)
        except RuntimeError as error:  # so the driver tells of a handle whose line is gone
            raise OSError(str(error)) from error

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

    def _cancel(self) -> None:
        """Have the server end what it does; where it does not hear, its own limit ends it."""
        with suppress(Exception):  # the statement has ended meanwhile
            self._cursor.hstmt._cancel()  # type: ignore[union-attr] # noqa: SLF001 - the driver has no other name for it

    def _disconnect(self) -> None:
        with suppress(mssql_python.Error, RuntimeError):  # it is gone already
            if self._connection is not None:
                self._connection.close()


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
