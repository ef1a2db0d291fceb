"""The HANA connector reads as the port promises, on a stand-in for its driver or on a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from syncline.connectors.hana import HanaConnector
from syncline.connectors.port import Connector
from syncline.domain.mapping.extraction import ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import DriftSuite
from syncline.testing.connectors.sources import SourceSuite
from tests.support import sql_world
from tests.support.hana import (
    Backend,
    RealBackend,
    StandInBackend,
    connector_to,
    real_driver,
    stand_in,
)
from tests.support.lent_databases import LentDatabases
from tests.support.ports import free_port
from tests.support.sql_world import ITEMS, SECRET, by_sql

TABLE = (
    'create table "ITEMS" ("id" {0}(190) primary key, "name" {1}, "amount" {0}(100), '
    '"count" bigint, "changed" timestamp)'
)


class HanaWorld:
    """One database with a table of items."""

    secret = SECRET
    extraction = ITEMS
    texts = frozenset({"bell"})

    def __init__(self, own: Backend) -> None:
        self.connector = connector_to(own.url)
        self.unanswerable: Any = sql_world.unanswerable("syntax error")
        self._own = own

    @classmethod
    async def made(cls, own: Backend) -> HanaWorld:
        texts = ("varchar", "text") if own.server else ("nvarchar", "nclob")
        await own.run(TABLE.format(*texts))
        return cls(own)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        verified = {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}
        return [
            (connector_to(self._own.url, port=free_port()), "host"),
            (connector_to(self._own.url, password=SECRET), "login"),
            (connector_to(self._own.url, **verified), "tls"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        await self._own.run('delete from "ITEMS"')
        for r in records:
            changed = r["changed"] and r["changed"].astimezone(UTC).replace(tzinfo=None)
            amount = None if r["amount"] is None else f"{r['amount']:f}"
            await self._own.run(
                'insert into "ITEMS" values (?, ?, ?, ?, ?)',
                r["id"], r["name"], amount, r["count"], changed,
            )  # fmt: skip

    async def drop(self, column: str) -> None:
        of_column = f'column "{column}"' if self._own.server else f'("{column}")'
        await self._own.run(f'alter table "ITEMS" drop {of_column}')

    async def add(self, column: str) -> None:
        said = f""""{column}" varchar(10) default 'new'"""
        await self._own.run(f'alter table "ITEMS" add {said if self._own.server else f"({said})"}')


@pytest.fixture(scope="module")
async def hana_stand_in(empty_databases: LentDatabases) -> AsyncIterator[StandInBackend]:
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
        self, hana_stand_in: StandInBackend, system_url: str | None
    ) -> AsyncIterator[HanaWorld]:
        with nullcontext() if system_url is None else real_driver() as driver:
            own = RealBackend(system_url, driver) if system_url else hana_stand_in
            world = await HanaWorld.made(own)
            yield world
            await world.connector.close()
            await own.run('drop table "ITEMS"')

    @pytest.fixture
    def source(self, world: HanaWorld) -> HanaWorld:
        return world

    async def test_a_connection_stays_where_it_was_checked(
        self, hana_stand_in: StandInBackend
    ) -> None:
        connector = connector_to(hana_stand_in.url)
        await connector.test()
        await connector.close()
        said = hana_stand_in.server.said
        assert (said["address"], said["distribution"], said["reconnect"]) == (
            "127.0.0.1", "OFF", False,
        )  # fmt: skip
