"""MySQL does with generated tables and bulks what the model says."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from syncline.testing.connectors.composite_keys import CompositeKeySuite, SqlWorld
from syncline.testing.connectors.generated_targets import (
    SELLERS,
    UNLUCKY,
    GeneratedTargetSuite,
    Make,
)
from syncline.testing.connectors.on_create import OnCreateSuite
from syncline.testing.connectors.sql_keys import ChangedKeySuite, SharedKeySuite
from syncline.testing.connectors.sql_tables import KeyedTableSuite, MakeSuite
from tests.support.mariadb import MysqlDatabase, connector_to, mysql_database, run_all


class GeneratedMysql(MysqlDatabase):
    """Tables of every make, written by a user who owns nothing."""

    oddities = ("expression", "keyless", "generated", "insert", "update")
    partitions = True

    def __init__(self, world: MysqlDatabase, server: str, user: str) -> None:
        self.url, self._database = world.url, world._database
        self.connector = connector_to(world.url, "sesame", user=user)
        self._server = server
        self._user = user

    async def make(self, make: Make) -> None:
        kind, key = "varchar(20)" if make.is_text else "int", ", ".join(make.key)
        more = ", twice int generated always as (n * 2) stored" if make.odd == "generated" else ""
        more += ", need varchar(9) not null" if make.demanded else ""
        how = "primary key" if make.primary else "unique"
        more += "" if make.odd in ("expression", "keyless") else f", {how} ({key})"
        parts = ", ".join(f"partition p{s} values in ('{s}')" for s in SELLERS)
        parts = f" partition by list columns (seller) ({parts})" if make.partitioned else ""
        await self.run("drop table if exists t")
        await self.run(
            f"create table t (id {kind}, seller varchar(20), n int check (n < 900), "
            f"name varchar(10), b blob {more}){parts}"
        )
        if make.odd == "expression":
            await self.run("create unique index u on t (seller(3), id)")
        for event in ("insert", "update") if make.trigger else ():
            await self.run(
                f"create trigger g{event} before {event} on t for each row "
                f"if new.n = {UNLUCKY} then signal sqlstate '45000'; end if"
            )
        table = f"{urlsplit(self.url).path[1:]}.t"
        rights = ", ".join({"select", "insert", "update"} - {make.odd or ""})
        await run_all(
            self._server,
            f"revoke all, grant option from {self._user}@'%'",
            f"grant {rights} on {table} to {self._user}@'%'",
        )


@pytest.fixture
async def sql(mariadb: str) -> AsyncIterator[MysqlDatabase]:
    async with mysql_database(mariadb) as world:
        yield world


@pytest.fixture
async def generated(sql: MysqlDatabase, mariadb: str) -> AsyncIterator[GeneratedMysql]:
    user = f"writer_{secrets.token_hex(4)}"
    await run_all(mariadb, f"create user {user}@'%' identified by 'sesame'")
    world = GeneratedMysql(sql, mariadb, user)
    yield world
    await world.connector.close()
    await run_all(mariadb, f"drop user {user}@'%'")


class TestGenerated(GeneratedTargetSuite):
    pass


class TestOnCreate(OnCreateSuite):
    pass


class TestKeys(CompositeKeySuite, ChangedKeySuite, SharedKeySuite, KeyedTableSuite, MakeSuite):
    @pytest.mark.parametrize(
        ("tables", "words"),
        [
            (
                "create table t (id int, seller text, n int, primary key (id, seller))",
                "matchKey: [id, seller] would fit",
            ),
            (
                "create table t (id int, seller text unique, n int);"
                "create unique index partly on t (seller(3), id)",
                "unique index partly",
            ),
        ],
    )
    async def test_a_table_that_is_keyed_otherwise_is_named(
        self, sql: SqlWorld, tables: str, words: str
    ) -> None:
        await super().test_a_table_that_is_keyed_otherwise_is_named(sql, tables, words)
