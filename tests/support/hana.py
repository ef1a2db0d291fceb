"""Stands in for SAP's driver of HANA, which no test installs: statements run at PostgreSQL."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import asyncpg
import pytest

from syncline.connectors.hana import HanaConnector
from syncline.connectors.port import Surroundings
from tests.support.oracle_driver import CATALOG, PASSWORD, USER, Connection, Cursor, StandIn
from tests.support.ports import free_port
from tests.support.postgresql import config_of

_MORE = r"""
create table oracle.m_database (version text);
insert into oracle.m_database values ('2.00.070.00');
create view oracle.tables as select 'SYNCLINE' as schema_name, tablename::text as table_name
  from pg_tables where schemaname = 'public';
create view oracle.views as select 'SYNCLINE' as schema_name, viewname::text as view_name
  from pg_views where schemaname = 'public' union all select '_SYS_BI', 'BIMC_ALL_CUBES';
create function oracle.to_varchar(v timestamp, m text) returns text language sql immutable as
  $$ select pg_catalog.to_char(v, replace(m, 'FF7', 'US"0"')) $$;
create function oracle.bintohex(v bytea) returns text language sql immutable as
  $$ select upper(encode(v, 'hex')) $$;
create function oracle.hextobin(v text) returns bytea language sql immutable as
  $$ select decode(v, 'hex') $$;
"""
_CODES = {"42P01": 259, "42703": 260, "42601": 257, "42501": 258, "40P01": 133, "57014": 139}
_TYPES = {"text": 26, "varchar": 11, "int4": 3, "int8": 4, "numeric": 5, "timestamp": 16,
          "bytea": 13, "float8": 7, "bool": 28}  # fmt: skip


class Error(Exception):
    """The driver's: a number and words."""


class LongText:
    """A long value, as the driver gives some."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self) -> str:
        return self._text


class HanaCursor(Cursor):
    """A cursor of SAP's driver."""

    def execute(self, sql: str, given: Any = {}) -> None:  # noqa: B006
        super().execute(sql, given)

    def setfetchsize(self, rows: int) -> None:
        self.arraysize = rows

    def described(self, kinds: list[tuple[str, str]]) -> list[Any]:
        self._long = [n for n, (_, kind) in enumerate(kinds) if _TYPES.get(kind) == 26]
        return [(name, _TYPES.get(kind, 0), None, 0, 0, 0, True) for name, kind in kinds]

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        return [
            tuple(
                LongText(c) if n in self._long and c is not None else c for n, c in enumerate(row)
            )
            for row in super().fetchmany(size)
        ]

    @staticmethod
    def value(value: Any) -> Any:
        return value

    @staticmethod
    def cell(cell: Any) -> Any:
        return cell


class HanaConnection(Connection):
    """A connection of SAP's driver."""

    def cursor(self) -> HanaCursor:
        return HanaCursor(self)

    def error_of(self, error: asyncpg.PostgresError) -> Exception:
        return Error(_CODES.get(error.sqlstate or "", 2048), str(error))


class Server(StandIn):
    """One database; what it was connected by is in `said`."""

    said: dict[str, Any]

    def connect(self, **said: Any) -> HanaConnection:
        self.said = said
        if said["sslValidateCertificate"]:
            raise Error(
                -10709, "Connection failed (RTE:[300015] SSL certificate validation failed)"
            )
        if (said["user"], said["password"]) != (USER, PASSWORD):
            raise Error(10, "authentication failed")
        return HanaConnection(self)


@asynccontextmanager
async def stand_in(dsn: str) -> AsyncIterator[tuple[Server, asyncpg.Connection, str]]:
    """Put a driver in the place of SAP's; return the database behind it, and a URL of it."""
    server, port = Server(dsn, ""), free_port()
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    database = await asyncpg.connect(dsn)
    await database.execute(CATALOG + _MORE)
    package, driver = ModuleType("hdbcli"), ModuleType("hdbcli.dbapi")
    package.__spec__ = ModuleSpec("hdbcli", None)
    vars(driver).update(connect=server.connect, Error=Error, Connection=HanaConnection)
    vars(package)["dbapi"] = driver
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if n.startswith("syncline.connectors.hana.")]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "hdbcli", package)
        patch.setitem(sys.modules, "hdbcli.dbapi", driver)
        url = f"hana://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/"
        yield server, database, url
        for name in [n for n in sys.modules if n.startswith("syncline.connectors.hana.")]:
            del sys.modules[name]
    listener.close()
    await database.execute("drop schema oracle, dbms_lob cascade")
    await database.close()


def connector_to(url: str, password: str | None = None, **changes: Any) -> HanaConnector:
    secret = unquote(urlsplit(url).password or "") if password is None else password
    around = Surroundings(outbound_allow=("127.0.0.0/8",))
    return HanaConnector(config_of(url) | changes, {"password": secret}, around)
