"""Oracle for tests: what stands in for the driver, or a real server; connectors to them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import asyncpg
import oracledb
import pytest

from syncline.connectors.oracle import OracleConnector
from tests.support.oracle_driver import CATALOG, PASSWORD, USER, StandIn
from tests.support.ports import free_port
from tests.support.postgresql import config_of
from tests.support.sql_world import ReadDatabase
from tests.support.surroundings import surroundings_of

SERVICE = "shop"
_NAMES = re.compile(r"\b(t|sku|n|id|seller|note|name|must|twice|more|need|code|day|z)\b")
"""Of tables and columns that tests make."""


class Backend(Protocol):
    """Where tests make tables, beside the connector.

    Attributes:
        server: what stands in; None where it is a real server.
    """

    url: str

    @property
    def server(self) -> StandIn | None: ...

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""


class StandInBackend:
    """The PostgreSQL behind what stands in."""

    def __init__(self, server: StandIn, database: asyncpg.Connection, port: int) -> None:
        self.server = server
        self.url = f"oracle://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{SERVICE}"
        self._database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._database.fetch(statement)]


class RealBackend:
    """The schema of a user of a real server, which is emptied."""

    server = None

    def __init__(self, url: str) -> None:
        self.url = url

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(self._run, statement)

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        parts = urlsplit(self.url)
        with oracledb.connect(
            user=parts.username, password=unquote(parts.password or ""), host=parts.hostname,
            port=parts.port or 1521, service_name=parts.path[1:],
        ) as connection:  # fmt: skip
            cursor = connection.cursor()
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return [tuple(row) for row in rows]


@asynccontextmanager
async def stand_in(dsn: str) -> AsyncIterator[StandInBackend]:
    """Stand in for the driver, in front of an empty PostgreSQL; a port listens, and no more."""
    server = StandIn(dsn, SERVICE)
    port = free_port()
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    database = await asyncpg.connect(dsn)
    await database.execute(CATALOG)
    driver = oracledb.connect

    def connect(**said: Any) -> Any:  # a real server may be tried beside it
        return server.connect(**said) if said.get("port") == port else driver(**said)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracledb, "connect", connect)
        yield StandInBackend(server, database, port)
    listener.close()
    await database.execute("drop schema oracle, dbms_lob cascade")
    await database.close()


async def emptied(own: StandInBackend) -> StandInBackend:
    """Drop what a test made, and forget its troubles."""
    await own.run("drop schema public cascade")
    await own.run("create schema public")
    server = own.server
    server.read_only = server.loses_answer = False
    server.sent.clear()
    server.statements.clear()
    server.faults.clear()
    return own


def connector_to(url: str, password: str | None = None, **changes: Any) -> OracleConnector:
    secret = unquote(urlsplit(url).password or "") if password is None else password
    return OracleConnector(config_of(url) | changes, {"password": secret}, surroundings_of(url))


class OracleDatabase(ReadDatabase):
    """A database without any table, with one connector to it.

    What tests say in the SQL of others has its names in upper case here, as at Oracle.
    """

    binary = "bytea"

    def __init__(self, own: StandInBackend) -> None:
        self.own = own
        self.server = own.server
        self.connector = connector_to(own.url)

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\")", statement)
        parts[::2] = [_NAMES.sub(lambda m: f'"{m[0].upper()}"', part) for part in parts[::2]]
        parts[::2] = [part.replace(" text", " varchar(4000)") for part in parts[::2]]
        return await self.own.run("".join(parts))
