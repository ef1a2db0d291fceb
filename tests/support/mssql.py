"""SQL Server for tests: the stand-in or a real server, a database of its own, connectors to it."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import asyncpg
import mssql_python

from syncline.connectors.mssql import MssqlConnector
from tests.support.certificates import Authority
from tests.support.postgresql import config_of
from tests.support.sql_world import ReadDatabase
from tests.support.surroundings import surroundings_of
from tests.support.tds.server import PASSWORD, USER, StandIn


class Backend(Protocol):
    """Where tests make tables, beside the connector.

    Attributes:
        server: the stand-in; None where it is a real server.
    """

    url: str

    @property
    def server(self) -> StandIn | None: ...

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""

    def quoted(self, text: str) -> str:
        """Return a text as a literal of SQL."""


class StandInBackend:
    """The PostgreSQL behind a stand-in."""

    def __init__(self, server: StandIn, database: asyncpg.Connection, name: str) -> None:
        self.server = server
        self.url = f"mssql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/{name}"
        self._database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._database.fetch(statement)]

    def quoted(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"


class RealBackend:
    """A database of a real server; what suites say in the SQL of others is said in T-SQL."""

    server = None

    def __init__(self, url: str) -> None:
        self.url = url

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        said = statement
        if said.startswith(("create table", "alter table")):
            said = said.replace(" text", " nvarchar(100)").replace("add column", "add")
            said = said.replace("longtext", "nvarchar(max)").replace("timestamp", "datetime2")
        return await asyncio.to_thread(_run, self.url, said)

    def quoted(self, text: str) -> str:
        return "N'" + text.replace("'", "''") + "'"


def _run(url: str, statement: str) -> list[tuple[Any, ...]]:
    parts = urlsplit(url)
    said = {
        "Server": f"tcp:{parts.hostname},{parts.port or 1433}",
        "Database": parts.path[1:],
        "UID": parts.username or "",
        "PWD": unquote(parts.password or ""),
        "TrustServerCertificate": "yes",
    }
    text = ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in said.items())
    with mssql_python.connect(text, autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


@asynccontextmanager
async def backend(dsn: str, url: str | None) -> AsyncIterator[Backend]:
    """Open the stand-in in front of an empty PostgreSQL, or make a database of a real server."""
    if url is not None:
        name = f"t_{secrets.token_hex(6)}"
        await RealBackend(url).run(f"create database {name}")
        try:
            yield RealBackend(urlsplit(url)._replace(path=f"/{name}").geturl())
        finally:
            await RealBackend(url).run(
                f"alter database {name} set single_user with rollback immediate"
            )
            await RealBackend(url).run(f"drop database {name}")
        return
    async with StandIn(dsn, _tls()).open() as server:
        database = await asyncpg.connect(dsn)
        yield StandInBackend(server, database, dsn.rpartition("/")[2])
        await database.close()


_AUTHORITY = Authority()
_SIGNED = _AUTHORITY.sign()
AUTHORITY = _AUTHORITY.certificate


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # as SQL Server within TDS 7
    with TemporaryDirectory() as folder:
        both = Path(folder) / "both.pem"
        both.write_text(_SIGNED.certificate + _SIGNED.key)
        context.load_cert_chain(both)
    return context


def connector_to(url: str, password: str | None = None, **changes: Any) -> MssqlConnector:
    secret = unquote(urlsplit(url).password or "") if password is None else password
    config = config_of(url) | {"sslmode": "require"} | changes
    return MssqlConnector(config, {"password": secret}, surroundings_of(url))


async def emptied(own: Backend) -> Backend:
    """Drop what a test made behind a stand-in that several use, and forget its troubles."""
    assert own.server is not None
    await own.run("drop schema public cascade")
    await own.run("create schema public")
    await own.run("update sys.active set until = 9223372036854775807")
    own.server.faults.clear()
    own.server.statements.clear()
    own.server.read_only = False
    return own


class MssqlDatabase(ReadDatabase):
    """A database without any table, with one connector to it."""

    binary = "bytea"

    def __init__(self, own: Backend) -> None:
        self.own = own
        self.url = own.url
        self.run = own.run
        self.connector = connector_to(own.url)

    @property
    def server(self) -> StandIn:
        assert self.own.server is not None
        return self.own.server
