"""PostgreSQL as a target: tables of every make, and what concerns a whole call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.suites.composite_keys import CompositeKeySuite
from tests.suites.sql_targets import ChangedKeySuite, KeyedTableSuite, MakeSuite, SharedKeySuite
from tests.support.postgresql import connector_to


class PostgresqlTables:
    """A database without any table, and a connector to it."""

    binary = "bytea"

    def __init__(self, dsn: str, database: asyncpg.Connection) -> None:
        self.connector = connector_to(dsn)
        self.database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.fetch(statement)]


@pytest.fixture
async def sql(empty_postgres: str) -> AsyncIterator[PostgresqlTables]:
    database = await asyncpg.connect(empty_postgres)
    tables = PostgresqlTables(empty_postgres, database)
    yield tables
    await tables.connector.close()
    await database.close()


class TestKeys(CompositeKeySuite, ChangedKeySuite, SharedKeySuite, KeyedTableSuite, MakeSuite):
    pass
