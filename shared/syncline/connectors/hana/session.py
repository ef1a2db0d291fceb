"""One connection to a HANA server, by SAP's driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from hdbcli import dbapi

from syncline.connectors.dbapi import session
from syncline.connectors.dbapi.errors import ServerError
from syncline.connectors.dbapi.session import Description
from syncline.connectors.hana.errors import server_error
from syncline.connectors.hana.kinds import LOBS
from syncline.connectors.hana.settings import HanaSettings, connect_options

_VERSION = "select version from m_database"


class _DriverCursor(session.Cursor, Protocol):
    @property
    def description(self) -> Sequence[tuple[object, ...]] | None: ...
    def execute(self, sql: str, given: Mapping[str, object] = ..., /) -> object: ...
    def setfetchsize(self, rows: int, /) -> None: ...


class _LongValue(Protocol):
    def read(self) -> object: ...


class HanaCursor:
    """A cursor that reads what the driver gives as objects."""

    def __init__(self, cursor: _DriverCursor) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def execute(self, sql: str, given: Mapping[str, object], /) -> object:
        return self._cursor.execute(sql, given) if given else self._cursor.execute(sql)

    def fetchmany(self, size: int, /) -> Sequence[Sequence[object]]:
        """Return the next rows, long values as what they hold."""
        rows = self._cursor.fetchmany(size)
        long = [n for n, each in enumerate(self.descriptions()) if each.type in LOBS]
        return [_read(row, long) for row in rows] if long else rows

    def descriptions(self) -> list[Description]:
        """Return the columns of the result."""
        return [Description(str(d[0]), str(d[1])) for d in self._cursor.description or ()]

    def close(self) -> None:
        self._cursor.close()


def _read(row: Sequence[object], places: Sequence[int]) -> list[object]:
    cells = list(row)
    for place in places:
        if hasattr(cells[place], "read"):
            cells[place] = cast("_LongValue", cells[place]).read()
    return cells


class Session(session.Session):
    """One connection; each statement reads what was committed when it began."""

    driver_error = dbapi.Error

    def __init__(self, settings: HanaSettings) -> None:
        super().__init__("syncline-hana", settings.statement_timeout, settings.timezone)
        self._settings = settings

    async def connect(self, address: str, password: str) -> None:
        """Log in at an address. Raises ServerError, TimeoutError."""
        said = connect_options(self._settings, password, address)

        def call() -> None:
            self._connection = dbapi.connect(**said)

        await self.call(call)
        [[version]] = await self.rows(_VERSION)
        self.version = str(version)

    def cursor(self, given: Mapping[str, object], at_once: int = 50) -> HanaCursor:
        """Return a new cursor; it takes so many rows from the server at once."""
        cursor: _DriverCursor = self._driver_connection().cursor()
        cursor.setfetchsize(at_once)
        return HanaCursor(cursor)

    def _driver_connection(self) -> dbapi.Connection:
        assert self._connection is not None
        return self._connection

    def _descriptions(self, cursor: session.Cursor) -> list[Description]:
        return cast("HanaCursor", cursor).descriptions()

    def _server_error(self, error: Exception) -> ServerError:
        code, words = (*error.args, 0, "")[:2] if len(error.args) > 1 else (0, str(error))
        return server_error(int(code), str(words))
