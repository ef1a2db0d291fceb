"""The HANA connector reads as the port promises, on what stands in for its driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import asyncpg
import pytest

from syncline.connectors.hana import HanaConnector
from syncline.connectors.port import Connector
from syncline.domain.mapping.extraction import ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import DriftSuite
from syncline.testing.connectors.sources import SourceSuite
from tests.support import sql_world
from tests.support.hana import Server, connector_to, stand_in
from tests.support.lent_databases import LentDatabases
from tests.support.ports import free_port
from tests.support.sql_world import ITEMS, SECRET, by_sql

TABLE = (
    'create table "ITEMS" ("id" varchar(190) primary key, "name" text, "amount" varchar(100), '
    '"count" bigint, "changed" timestamp)'
)


class HanaWorld:
    """One database with a table of items."""

    secret = SECRET
    extraction = ITEMS
    texts = frozenset({"bell"})

    def __init__(self, url: str, database: asyncpg.Connection) -> None:
        self.connector = connector_to(url)
        self.unanswerable: Any = sql_world.unanswerable("syntax error")
        self._url = url
        self._database = database

    def broken(self) -> Sequence[tuple[Connector, str]]:
        verified = {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}
        return [
            (connector_to(self._url, port=free_port()), "host"),
            (connector_to(self._url, password=SECRET), "login"),
            (connector_to(self._url, **verified), "tls"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        await self._database.execute('delete from "ITEMS"')
        for r in records:
            changed = r["changed"] and r["changed"].astimezone(UTC).replace(tzinfo=None)
            amount = None if r["amount"] is None else f"{r['amount']:f}"
            await self._database.execute(
                'insert into "ITEMS" values ($1, $2, $3, $4, $5)',
                r["id"], r["name"], amount, r["count"], changed,
            )  # fmt: skip

    async def drop(self, column: str) -> None:
        await self._database.execute(f'alter table "ITEMS" drop column "{column}"')

    async def add(self, column: str) -> None:
        await self._database.execute(
            f"""alter table "ITEMS" add "{column}" varchar(10) default 'new'"""
        )


@pytest.fixture(scope="module")
async def server(
    empty_databases: LentDatabases,
) -> AsyncIterator[tuple[Server, asyncpg.Connection, str]]:
    async with empty_databases.borrowed() as dsn, stand_in(dsn) as made:
        yield made


class TestHana(ConnectorSuite, SourceSuite, DriftSuite):
    system = "hana"
    kind = HanaConnector
    good_config = {"host": "b1", "user": "reader", "schema": "SBODEMO"}
    wrong_configs = [
        ({"host": ...}, {}, "$.config.host"),
        ({"port": "30015"}, {}, "$.config.port"),
        ({"sslmode": "prefer"}, {}, "$.config.sslmode"),
        ({"sslmode": "verify-full"}, {}, "$.config.sslrootcert"),
        ({"timezone": "Berlin"}, {}, "$.config.timezone"),
        ({}, {"passwort": "x"}, "$.secrets.passwort"),
    ]
    wrong_mappings = [
        (replace(ITEMS, mode=ExtractionMode.PROCEDURE, procedure="p"), None, "$.extraction.mode"),
        (replace(ITEMS, options={"page": 1}), None, "$.extraction.options.page"),
        (by_sql("select 1; drop table x"), None, "$.extraction.sql"),
        (by_sql("select * from x where a > :cursr"), None, "$.extraction.sql"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(
        self, server: tuple[Server, asyncpg.Connection, str]
    ) -> AsyncIterator[HanaWorld]:
        _, database, url = server
        await database.execute(f'drop table if exists "ITEMS"; {TABLE}')
        world = HanaWorld(url, database)
        yield world
        await world.connector.close()

    @pytest.fixture
    def source(self, world: HanaWorld) -> HanaWorld:
        return world

    async def test_a_connection_stays_where_it_was_checked(
        self, world: HanaWorld, server: tuple[Server, asyncpg.Connection, str]
    ) -> None:
        await world.connector.test()
        said = server[0].said
        assert (said["address"], said["distribution"], said["reconnect"]) == (
            "127.0.0.1", "OFF", False,
        )  # fmt: skip
