"""The MySQL connector does what the port promises, as a source and as a target, at MariaDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.connectors.mysql import MysqlConnector
from syncline.connectors.port import Connector
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
from tests.support.mariadb import (
    CuttingProxy,
    connect,
    connector_to,
    is_own,
    own_database,
    run_all,
)
from tests.support.one_world import OneWorld
from tests.support.sql_world import ITEMS, SECRET, by_sql

TABLE = """
create table items (
  id varchar(190) primary key, name longtext, amount varchar(100),
  count bigint check (count <> 999), changed datetime(6)
) character set utf8mb4
"""


class MysqlWorld:
    """One database with a table of items."""

    secret = SECRET
    extraction = ITEMS
    texts = frozenset({"bell", "nul"})
    options = {"table": "items"}
    elsewhere = {"table": "nothing_there"}
    refused = {"count": 999}
    oversized = {"id": "x" * 200}
    heavy = {"name": "ä" * 400_000}
    keeps_one = True
    deletes = True
    cannot_hold: frozenset[str] = frozenset()

    def __init__(self, server: str, url: str, database: Any, proxy: CuttingProxy) -> None:
        self.connector = connector_to(url, host="127.0.0.1", port=proxy.port)
        self.unanswerable: Any = sql_world.unanswerable("SQL syntax")
        self._server, self._url = server, url
        self._database = database
        self._proxy = proxy

    def broken(self) -> Sequence[tuple[Connector, str]]:
        return sql_world.broken(connector_to, self._url, sslmode="verify-full")

    async def _run(self, statement: str, *rows: Any) -> None:
        async with self._database.cursor() as cursor:
            await (cursor.executemany(statement, rows) if rows else cursor.execute(statement))

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        await self._run("delete from items")
        rows = []
        for r in records:
            changed = r["changed"] and r["changed"].astimezone(UTC).replace(tzinfo=None)
            amount = None if r["amount"] is None else f"{r['amount']:f}"
            rows.append((r["id"], r["name"], amount, r["count"], changed))
        if rows:
            await self._run("insert into items values (%s, %s, %s, %s, %s)", *rows)

    async def rows(self) -> list[dict[str, Any]]:
        async with self._database.cursor() as cursor:
            await cursor.execute("select id, name, amount, count from items")
            return [
                dict(zip(("id", "name", "amount", "count"), row, strict=True))
                for row in await cursor.fetchall()
            ]

    async def drop(self, column: str) -> None:
        await self._run(f"alter table items drop column {column}")

    async def add(self, column: str) -> None:
        await self._run(f"alter table items add column {column} varchar(10) default 'new'")

    async def lose_answer(self) -> None:
        self._proxy.lose_answer()

    async def set_read_only(self, read_only: bool) -> None:
        if not is_own(self._server):
            pytest.skip("a real server is not brought into this trouble")
        await run_all(self._server, f"set global read_only = {int(read_only)}")


class TestMysql(OneWorld[MysqlWorld],
    ConnectorSuite, SourceSuite, DriftSuite,
    TargetSuite, LostAnswerSuite, ReadOnlySuite, SizeLimitSuite,
):  # fmt: skip
    system = "mysql"
    kind = MysqlConnector
    good_config = {"host": "db", "port": 3306, "database": "shop", "user": "reader"}
    wrong_configs = [
        ({"host": ...}, {}, "$.config.host"),
        ({"host": "/run/mysqld"}, {}, "$.config.host"),
        ({"database": 3}, {}, "$.config.database"),
        ({"port": "3306"}, {}, "$.config.port"),
        ({"sslmode": "maybe"}, {}, "$.config.sslmode"),
        ({"statementTimeout": 0}, {}, "$.config.statementTimeout"),
        ({"schema": "x"}, {}, "$.config.schema"),
        ({"timezone": "Berlin"}, {}, "$.config.timezone"),
        ({}, {"passwort": "x"}, "$.secrets.passwort"),
    ]
    wrong_mappings = [
        (replace(ITEMS, mode=ExtractionMode.API, endpoint="/x"), None, "$.extraction.mode"),
        (replace(ITEMS, options={"page": 1}), None, "$.extraction.options.page"),
        (by_sql("select 1; drop table x"), None, "$.extraction.sql"),
        (by_sql("select * from x where a > :cursr"), None, "$.extraction.sql"),
        (None, {}, "$.transformation.target.table"),
        (None, {"table": "items", "tabel": "x"}, "$.transformation.target.tabel"),
    ]  # fmt: skip

    @pytest.fixture
    async def world(self, mariadb: str, system_url: str | None) -> AsyncIterator[MysqlWorld]:
        server = system_url or mariadb
        async with own_database(server) as url:
            database = await connect(url)
            async with database.cursor() as cursor:
                await cursor.execute(TABLE)
            own = urlsplit(url)
            host, port = own.hostname or "127.0.0.1", own.port or 3306
            async with CuttingProxy(port, host=host).open() as proxy:
                world = MysqlWorld(server, url, database, proxy)
                yield world
                await world.connector.close()
            database.close()
