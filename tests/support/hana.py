"""HANA for tests: what stands in for SAP's driver, or a real server; connectors to them.

No test installs the driver: statements run at PostgreSQL.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import asyncpg
import pytest

from syncline.connectors.hana import HanaConnector
from tests.support.oracle_driver import CATALOG, PASSWORD, USER, Connection, Cursor, StandIn
from tests.support.ports import free_port
from tests.support.postgresql import config_of
from tests.support.surroundings import surroundings_of

_PACKAGE = "syncline.connectors.hana"
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


class Backend(Protocol):
    """Where tests make tables, beside the connector.

    Attributes:
        server: what stands in; None where it is a real server.
    """

    url: str

    @property
    def server(self) -> Server | None: ...

    async def run(self, statement: str, *values: object) -> None:
        """Run a statement, whose values are `?`."""


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


class StandInBackend:
    """The PostgreSQL behind what stands in."""

    def __init__(self, server: Server, database: asyncpg.Connection, port: int) -> None:
        self.server = server
        self.url = f"hana://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/"
        self._database = database

    async def run(self, statement: str, *values: object) -> None:
        places = itertools.count(1)
        said = re.sub(r"\?", lambda _: f"${next(places)}", statement)
        await self._database.execute(said, *values)


class RealBackend:
    """The schema of a user of a real server, by SAP's driver."""

    server = None

    def __init__(self, url: str, driver: Any) -> None:
        self.url = url
        self._driver = driver

    async def run(self, statement: str, *values: object) -> None:
        await asyncio.to_thread(self._run, statement, values)

    def _run(self, statement: str, values: Sequence[object]) -> None:
        parts = urlsplit(self.url)
        connection = self._driver.connect(
            address=parts.hostname, port=parts.port or 30_015, databaseName=parts.path[1:],
            user=parts.username, password=unquote(parts.password or ""), autocommit=True,
            encrypt="sslmode=disable" not in parts.query, sslValidateCertificate=False,
        )  # fmt: skip
        connection.cursor().execute(statement, *([values] if values else []))
        connection.close()


@contextmanager
def real_driver() -> Iterator[Any]:
    """Let the connector load SAP's own driver; without it the test is skipped."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if n.startswith(("hdbcli", f"{_PACKAGE}."))]:
            patch.delitem(sys.modules, name)
        yield pytest.importorskip("hdbcli.dbapi", reason="pip install 'syncline[hana]'")


@asynccontextmanager
async def stand_in(dsn: str) -> AsyncIterator[StandInBackend]:
    """Put a driver in the place of SAP's, in front of an empty PostgreSQL."""
    server, port = Server(dsn, ""), free_port()
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    database = await asyncpg.connect(dsn)
    await database.execute(CATALOG + _MORE)
    package, driver = ModuleType("hdbcli"), ModuleType("hdbcli.dbapi")
    package.__spec__ = ModuleSpec("hdbcli", None)
    vars(driver).update(connect=server.connect, Error=Error, Connection=HanaConnection)
    vars(package)["dbapi"] = driver
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in sys.modules if n.startswith(f"{_PACKAGE}.")]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "hdbcli", package)
        patch.setitem(sys.modules, "hdbcli.dbapi", driver)
        yield StandInBackend(server, database, port)
        for name in [n for n in sys.modules if n.startswith(f"{_PACKAGE}.")]:
            del sys.modules[name]
    listener.close()
    await database.execute("drop schema oracle, dbms_lob cascade")
    await database.close()


def connector_to(url: str, password: str | None = None, **changes: Any) -> HanaConnector:
    secret = unquote(urlsplit(url).password or "") if password is None else password
    config = config_of(url) | dict(parse_qsl(urlsplit(url).query)) | changes
    return HanaConnector(config, {"password": secret}, surroundings_of(url))
