"""One connection to an Oracle server, by python-oracledb in its thin mode."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import oracledb

from syncline.connectors.dbapi import session
from syncline.connectors.dbapi.errors import ServerError
from syncline.connectors.dbapi.kinds import FixedText
from syncline.connectors.dbapi.session import Description
from syncline.connectors.oracle.errors import server_error
from syncline.connectors.oracle.settings import OracleSettings
from syncline.connectors.sql.server import CONNECT_LIMIT

# For the process: nothing else in it uses the driver.
oracledb.defaults.fetch_decimals = True  # a float would lose digits
oracledb.defaults.fetch_lobs = False  # long texts come as texts
_TIME = 'SYYYY-MM-DD"T"HH24:MI:SS'
_SETTINGS = f"""alter session set time_zone = '+00:00' nls_language = 'AMERICAN'
nls_date_format = '{_TIME}' nls_timestamp_format = '{_TIME}.FF9'
nls_timestamp_tz_format = '{_TIME}.FF9TZH:TZM' nls_numeric_characters = '.,'
nls_sort = 'BINARY' nls_comp = 'BINARY' nls_length_semantics = 'BYTE'"""
"""Texts of a person's SQL mean the same whatever the server's settings are."""
_CHARSET = "select value from nls_database_parameters where parameter = 'NLS_CHARACTERSET'"


class Session(session.Session):
    """One connection.

    Attributes:
        charset: of the database's texts, such as AL32UTF8.
        changed: rows that the last statement of `run_each` changed.
    """

    driver_error = oracledb.Error
    _connection: oracledb.Connection | None = None
    charset = ""
    changed = 0

    def __init__(self, settings: OracleSettings) -> None:
        super().__init__("syncline-oracle", settings.statement_timeout, settings.timezone)
        self._settings = settings

    async def connect(self, address: str, password: str, tls: ssl.SSLContext | bool) -> None:
        """Log in at an address. Raises ServerError, TimeoutError."""
        settings = self._settings

        def call() -> None:
            self._connection = oracledb.connect(
                user=settings.user,
                password=password,
                host=address,
                port=settings.port,
                service_name=settings.database,
                protocol="tcps" if tls else "tcp",
                ssl_context=tls or None,
                ssl_server_dn_match=False,  # the context checks the name
                tcp_connect_timeout=CONNECT_LIMIT,
                retry_count=0,
                program="syncline",
            )
            self._connection.call_timeout = int(self._limit * 1000)

        await self.call(call)
        await self.run(_SETTINGS)
        [[charset]] = await self.rows(_CHARSET)
        self.charset = str(charset)
        self.version = self._opened_connection().version

    def cursor(self, given: Mapping[str, object], at_once: int = 50) -> oracledb.Cursor:
        """Return a new cursor for such values; it takes so many rows from the server at once."""
        cursor = self._opened_connection().cursor()
        cursor.arraysize = cursor.prefetchrows = at_once
        sizes = {name: kind for name, value in given.items() if (kind := _input_type(value))}
        if sizes:
            cursor.setinputsizes(**sizes)
        return cursor

    async def run_each(
        self, sql: str, rows: Sequence[Mapping[str, object]], types: Mapping[str, str]
    ) -> dict[int, ServerError]:
        """Run a statement for each of some rows in one call; return why some were refused.

        Args:
            types: of the values, by their names: the driver's names of types, with `DB_TYPE_`.

        Raises as `run` does.
        """

        def call() -> dict[int, ServerError]:
            cursor = self._opened_connection().cursor()
            cursor.setinputsizes(**{name: getattr(oracledb, kind) for name, kind in types.items()})
            cursor.executemany(sql, list(rows), batcherrors=True)
            self.changed = cursor.rowcount
            found = {
                e.offset: server_error(e.full_code, e.message) for e in cursor.getbatcherrors()
            }
            cursor.close()
            return found

        return await self.call(call)

    def _opened_connection(self) -> oracledb.Connection:
        assert self._connection is not None
        return self._connection

    def _descriptions(self, cursor: session.Cursor) -> list[Description]:
        return descriptions(cast("oracledb.Cursor", cursor))

    def _server_error(self, error: Exception) -> ServerError:
        said = error.args[0] if error.args else ""
        if isinstance(said, str):
            return ServerError("", said)
        return server_error(said.full_code, said.message)


def descriptions(cursor: oracledb.Cursor) -> list[Description]:
    """Return the columns of a cursor's result."""
    return [
        Description(each.name, each.type_code.name, each.precision, each.scale)
        for each in cursor.description or ()
    ]


def _input_type(value: object) -> oracledb.DbType | None:
    """Return the type that a value is bound as, where the driver would take another one."""
    if isinstance(value, FixedText):
        return oracledb.DB_TYPE_CHAR
    return oracledb.DB_TYPE_TIMESTAMP if isinstance(value, datetime) else None
