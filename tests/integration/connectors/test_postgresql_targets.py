"""PostgreSQL as a target: tables of every make, and what concerns a whole call."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from syncline.connectors.postgresql import PostgresqlConnector
from syncline.testing.connectors.composite_keys import CompositeKeySuite
from syncline.testing.connectors.on_create import OnCreateSuite
from syncline.testing.connectors.sql_keys import ChangedKeySuite, SharedKeySuite
from syncline.testing.connectors.sql_tables import KeyedTableSuite, MakeSuite


class PostgresqlTables:
    """A database without any table, and a connector to it."""

    binary = "bytea"

    def __init__(self, connector: PostgresqlConnector, database: asyncpg.Connection) -> None:
        self.connector = connector
        self.database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.fetch(statement)]


@pytest.fixture
async def sql(connector: PostgresqlConnector, db: asyncpg.Connection) -> PostgresqlTables:
    return PostgresqlTables(connector, db)


class TestKeys(CompositeKeySuite, ChangedKeySuite, SharedKeySuite, KeyedTableSuite, MakeSuite):
    pass


class TestOnCreate(OnCreateSuite):
    pass
