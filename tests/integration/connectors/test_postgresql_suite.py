"""The PostgreSQL connector does what the port promises, as a source and as a target."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import Connector
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.domain.mapping.extraction import ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import DriftSuite
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.target_faults import (
    LostAnswerSuite,
    ReadOnlySuite,
    SizeLimitSuite,
)
from syncline.testing.connectors.targets import TargetSuite
from tests.support import sql_world
from tests.support.lent_databases import LentDatabases, databases_without_tables
from tests.support.one_world import OneWorld
from tests.support.postgresql import connector_to
from tests.support.sql_world import ITEMS, SECRET, by_sql

TABLE = """
create table items (
  id text primary key, name text, amount numeric, count bigint, changed timestamptz
);
"""
BREAK_OFF = """
create sequence breaks;
create function break_off() returns trigger language plpgsql as $$ begin
  if nextval('breaks') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if;
  return null;
end $$;
create trigger break_off after insert on items for each statement execute function break_off();
"""
"""Ends the session of the first write after it was done."""


class PostgresqlWorld:
    """One database with a table of items."""

    secret = SECRET
    extraction = ITEMS
    texts = frozenset({"bell"})
    options = {"table": "items"}
    elsewhere = {"table": "nothing_there"}
    refused = {"count": 2**70}
    oversized = {"id": "".join(map(chr, range(0x4E00, 0x8000)))}
    heavy = {"name": "x" * 2_000_000}
    keeps_one = True
    deletes = True
    cannot_hold = frozenset({"nul"})

    def __init__(self, dsn: str, database: asyncpg.Connection) -> None:
        self.connector = connector_to(dsn)
        self.unanswerable: Any = sql_world.unanswerable("syntax error")
        self._dsn = dsn
        self._database = database

    def broken(self) -> Sequence[tuple[Connector, str]]:
        return sql_world.broken(connector_to, self._dsn, sslmode="require")

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        await self._database.execute("truncate items")
        rows = [[r[n] for n in ("id", "name", "amount", "count", "changed")] for r in records]
        await self._database.copy_records_to_table("items", records=rows)

    async def rows(self) -> list[dict[str, Any]]:
        rows = await self._database.fetch("select id, name, amount, count from items")
        return [dict(row) for row in rows]

    async def drop(self, column: str) -> None:
        await self._database.execute(f"alter table items drop column {column}")

    async def add(self, column: str) -> None:
        await self._database.execute(f"alter table items add column {column} text default 'new'")

    async def lose_answer(self) -> None:
        await self._database.execute(BREAK_OFF)

    async def set_read_only(self, read_only: bool) -> None:
        name = await self._database.fetchval("select current_database()")
        await self._database.execute(
            f"alter database {name} set default_transaction_read_only = {read_only}"
        )
        await self._database.execute("set default_transaction_read_only = off")
        await self.connector.close()  # sessions that are open keep what they have


class TestPostgresql(OneWorld[PostgresqlWorld],
    ConnectorSuite, SourceSuite, DriftSuite,
    TargetSuite, LostAnswerSuite, ReadOnlySuite, SizeLimitSuite,
):  # fmt: skip
    system = "postgresql"
    kind = PostgresqlConnector
    good_config = {"host": "db", "port": 5432, "database": "erp", "user": "reader"}
    wrong_configs = [
        ({"host": ...}, {}, "$.config.host"),
        ({"database": 3}, {}, "$.config.database"),
        ({"port": "5432"}, {}, "$.config.port"),
        ({"port": True}, {}, "$.config.port"),
        ({"port": 70_000}, {}, "$.config.port"),
        ({"sslmode": "maybe"}, {}, "$.config.sslmode"),
        ({"statementTimeout": 0}, {}, "$.config.statementTimeout"),
        ({"hots": "db"}, {}, "$.config.hots"),
        ({}, {"passwort": "x"}, "$.secrets.passwort"),
    ]
    wrong_mappings = [
        (replace(ITEMS, mode=ExtractionMode.API, endpoint="/x"), None, "$.extraction.mode"),
        (replace(ITEMS, options={"page": 1}), None, "$.extraction.options.page"),
        (by_sql("select 1; drop table x"), None, "$.extraction.sql"),
        (by_sql("select * from x where a > :cursr"), None, "$.extraction.sql"),
        (None, {}, "$.transformation.target.table"),
        (None, {"table": ""}, "$.transformation.target.table"),
        (None, {"table": "items", "tabel": "x"}, "$.transformation.target.tabel"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(
        self, empty_databases: LentDatabases, system_url: str | None
    ) -> AsyncIterator[PostgresqlWorld]:
        lent = databases_without_tables(system_url) if system_url else empty_databases
        async with lent.borrowed() as dsn:
            database = await asyncpg.connect(dsn)
            await database.execute(TABLE)
            world = PostgresqlWorld(dsn, database)
            yield world
            await world.connector.close()
            await database.close()
        if system_url:
            await lent.close()
