"""One connection of a driver of the DB-API: statements with named values, and their rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Protocol, TypeAlias, TypeVar

import msgspec

from syncline.connectors.dbapi.errors import ServerError
from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.sql.threaded_session import ThreadedSession

Row: TypeAlias = tuple[object, ...]
T = TypeVar("T")
_AT_ONCE = 50
"""Rows that are taken before it is looked at how long they are."""


class Description(msgspec.Struct, frozen=True):
    """A column of a result, as a driver describes it; `type` is its name or number there."""

    name: str
    type: str
    precision: int | None = None
    scale: int | None = None


class Cursor(Protocol):
    """What is used of a driver's cursor."""

    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: str, given: Mapping[str, object], /) -> object: ...
    def fetchmany(self, size: int, /) -> Sequence[Sequence[object]]: ...
    def close(self) -> None: ...


class Connection(Protocol):
    """What is used of a driver's connection."""

    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...
    def cancel(self) -> None: ...


class Session(ThreadedSession):
    """One connection; its driver's errors come as ServerError.

    Attributes:
        driver_error: what the driver raises.
    """

    driver_error: ClassVar[type[Exception]]
    _connection: Connection | None = None
    _read: Cursor | None = None
    """The cursor of the statement whose rows are taken."""

    @abstractmethod
    def cursor(self, given: Mapping[str, object], at_once: int = _AT_ONCE) -> Cursor:
        """Return a new cursor for such values; it takes so many rows from the server at once."""

    @abstractmethod
    def _descriptions(self, cursor: Cursor) -> list[Description]:
        """Return the columns of a cursor's result."""

    @abstractmethod
    def _server_error(self, error: Exception) -> ServerError:
        """Return what a driver's error says."""

    async def call(self, call: Callable[[], T]) -> T:
        """Run a call in the connection's thread. Raises ServerError, TimeoutError, OSError."""
        try:
            return await super().call(call)
        except self.driver_error as error:
            raise self._server_error(error) from error

    async def run(self, sql: str, given: Mapping[str, object] | None = None) -> int:
        """Run a statement and return how many rows it changed; raises as `call` does."""

        def call() -> int:
            cursor = self._executed(sql, given or {})
            count = cursor.rowcount
            cursor.close()
            return count

        return await self.call(call)

    async def rows(self, sql: str, given: Mapping[str, object] | None = None) -> list[Row]:
        """Run a statement and return all its rows; raises as `call` does."""

        def call() -> list[Row]:
            cursor = self._executed(sql, given or {}, 1000)
            found: list[Row] = []
            while some := cursor.fetchmany(1000):
                found += map(tuple, some)
            cursor.close()
            return found

        return await self.call(call)

    async def described(self, sql: str, given: Mapping[str, object]) -> list[Description]:
        """Run a statement that gives no rows, and return its columns; raises as `call` does."""

        def call() -> list[Description]:
            cursor = self._executed(sql, given)
            columns = self._descriptions(cursor)
            cursor.close()
            return columns

        return await self.call(call)

    async def open_rows(self, sql: str, given: Mapping[str, object], at_once: int) -> None:
        """Run a statement whose rows `take` takes; raises as `call` does."""

        def call() -> None:
            self._read = self._executed(sql, given, at_once)

        await self.call(call)

    async def take(self, count: int) -> tuple[list[Row], bool]:
        """Take up to so many rows, fewer where they are long; tell whether there are no more.

        Raises as `call` does.
        """

        def call() -> tuple[list[Row], bool]:
            cursor = self._read
            assert cursor is not None
            taken: list[Row] = []
            size = 0
            while len(taken) < count and size < PAGE_BYTES:
                asked = min(_AT_ONCE, count - len(taken))
                some = cursor.fetchmany(asked)
                taken += map(tuple, some)
                if len(some) < asked:
                    cursor.close()
                    self._read = None
                    return taken, True
                size += _AT_ONCE * max(map(_size, some[::10]))
            return taken, False

        return await self.call(call)

    def read_from(self, cursor: Cursor) -> None:
        """Let `take` take the rows of a cursor."""
        self._read = cursor

    async def commit(self) -> None:
        """Keep what was changed; raises as `call` does."""
        await self.call(self._open_connection().commit)

    async def rollback(self) -> None:
        """Undo what was changed; raises as `call` does."""
        await self.call(self._open_connection().rollback)

    def _open_connection(self) -> Connection:
        assert self._connection is not None
        return self._connection

    def _executed(self, sql: str, given: Mapping[str, object], at_once: int = _AT_ONCE) -> Cursor:
        cursor = self.cursor(given, at_once)
        cursor.execute(sql, given)
        return cursor

    def _cancel(self) -> None:
        with suppress(Exception):  # the statement has ended meanwhile
            self._open_connection().cancel()

    def _disconnect(self) -> None:
        with suppress(Exception):  # it is gone already
            self._open_connection().close()


def _size(row: Sequence[object]) -> int:
    return sum(len(cell) for cell in row if isinstance(cell, str | bytes))
