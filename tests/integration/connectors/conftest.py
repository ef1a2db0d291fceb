"""A database without any table, and a connector to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from syncline.connectors.postgresql import PostgresqlConnector
from tests.support import oracle
from tests.support.lent_databases import LentDatabases
from tests.support.mariadb import MysqlDatabase, mysql_database
from tests.support.mssql import Backend, MssqlDatabase, backend, emptied
from tests.support.oracle import OracleDatabase, StandInBackend
from tests.support.postgresql import connector_to


@pytest.fixture
async def db(empty_postgres: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(empty_postgres)
    yield connection
    await connection.close()


@pytest.fixture
async def connector(empty_postgres: str) -> AsyncIterator[PostgresqlConnector]:
    connector = connector_to(empty_postgres)
    yield connector
    await connector.close()


@pytest.fixture(scope="module")
async def mssql_stand_in(empty_databases: LentDatabases) -> AsyncIterator[Backend]:
    """What stands in for SQL Server, for the tests of a module."""
    async with empty_databases.borrowed() as dsn, backend(dsn, None) as own:
        yield own


@pytest.fixture
async def mssql(mssql_stand_in: Backend) -> AsyncIterator[MssqlDatabase]:
    world = MssqlDatabase(await emptied(mssql_stand_in))
    yield world
    await world.connector.close()


@pytest.fixture(scope="module")
async def oracle_stand_in(empty_databases: LentDatabases) -> AsyncIterator[StandInBackend]:
    """What stands in for Oracle's driver, for the tests of a module."""
    async with empty_databases.borrowed() as dsn, oracle.stand_in(dsn) as own:
        yield own


@pytest.fixture
async def oracle_database(oracle_stand_in: StandInBackend) -> AsyncIterator[OracleDatabase]:
    world = OracleDatabase(await oracle.emptied(oracle_stand_in))
    yield world
    await world.connector.close()


@pytest.fixture
async def mysql(mariadb: str) -> AsyncIterator[MysqlDatabase]:
    async with mysql_database(mariadb) as world:
        yield world
