"""The SQL Server connector does what the port promises, at the stand-in or a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from syncline.connectors.mssql import MssqlConnector
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
from tests.support.mssql import Backend, backend, connector_to, emptied
from tests.support.one_world import OneWorld
from tests.support.sql_world import ITEMS, SECRET, by_sql
from tests.support.tds.server import Fault

TABLE = (
    "create table items (id varchar(190) primary key, name {text}, amount varchar(100), "
    "count bigint check (count <> 999), changed {time})"
)


class MssqlWorld:
    """One database with a table of items."""

    secret = SECRET
    extraction = ITEMS
    options = {"table": "items"}
    elsewhere = {"table": "nothing_there"}
    refused = {"count": 999}
    oversized = {"id": "x" * 200}
    heavy = {"name": "ä" * 400_000}
    keeps_one = True
    deletes = True

    def __init__(self, own: Backend) -> None:
        self.connector = connector_to(own.url)
        self.unanswerable: Any = sql_world.unanswerable("ncorrect syntax")
        self._own = own
        is_real = own.server is None
        # PostgreSQL, which is behind the stand-in, has no texts with NUL in them.
        self.texts = frozenset({"bell", "nul"} if is_real else {"bell"})
        self.cannot_hold = frozenset[str]() if is_real else frozenset({"nul"})

    @classmethod
    async def made(cls, own: Backend) -> MssqlWorld:
        types = {"text": "text", "time": "timestamp"}
        if own.server is None:
            types = {"text": "nvarchar(max)", "time": "datetime2"}
        await own.run(TABLE.format(**types))
        return cls(own)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        return sql_world.broken(connector_to, self._own.url, sslmode="verify-full")

    def _literal(self, value: object) -> str:
        if value is None or isinstance(value, int):
            return "null" if value is None else str(value)
        return self._own.quoted(value if isinstance(value, str) else f"{value:f}")

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        await self._own.run("delete from items")
        rows = []
        for r in records:
            changed = r["changed"] and r["changed"].astimezone(UTC).replace(tzinfo=None).isoformat()
            values = (r["id"], r["name"], r["amount"], r["count"], changed)
            rows.append(f"({', '.join(map(self._literal, values))})")
        if rows:
            await self._own.run(f"insert into items values {', '.join(rows)}")

    async def rows(self) -> list[dict[str, Any]]:
        found = await self._own.run("select id, name, amount, count from items")
        return [dict(zip(("id", "name", "amount", "count"), row, strict=True)) for row in found]

    async def drop(self, column: str) -> None:
        await self._own.run(f"alter table items drop column {column}")

    async def add(self, column: str) -> None:
        more = "default 'new'" if self._own.server else "varchar(10) not null default 'new'"
        kind = "varchar(10)" if self._own.server else ""
        await self._own.run(f"alter table items add column {column} {kind} {more}")

    async def lose_answer(self) -> None:
        self._stand_in().faults.append(Fault("merge into", None))

    async def set_read_only(self, read_only: bool) -> None:
        self._stand_in().read_only = read_only

    def _stand_in(self) -> Any:
        if self._own.server is None:
            pytest.skip("a real server is not brought into this trouble")
        return self._own.server


class TestMssql(OneWorld[MssqlWorld],
    ConnectorSuite, SourceSuite, DriftSuite,
    TargetSuite, LostAnswerSuite, ReadOnlySuite, SizeLimitSuite,
):  # fmt: skip
    system = "mssql"
    kind = MssqlConnector
    good_config = {"host": "db", "port": 1433, "database": "shop", "user": "reader"}
    wrong_configs = [
        ({"host": ...}, {}, "$.config.host"),
        ({"host": "db\\shop"}, {}, "$.config.host"),
        ({"host": "db,1433"}, {}, "$.config.host"),
        ({"database": 3}, {}, "$.config.database"),
        ({"port": "1433"}, {}, "$.config.port"),
        ({"sslmode": "maybe"}, {}, "$.config.sslmode"),
        ({"sslmode": "verify-ca"}, {}, "$.config.sslmode"),
        ({"sslmode": "disable"}, {}, "$.config.sslmode"),
        ({"statementTimeout": 0}, {}, "$.config.statementTimeout"),
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
    async def world(
        self, mssql_stand_in: Backend, system_url: str | None
    ) -> AsyncIterator[MssqlWorld]:
        if system_url is None:
            world = await MssqlWorld.made(await emptied(mssql_stand_in))
            yield world
            await world.connector.close()
            return
        async with backend("", system_url) as own:
            world = await MssqlWorld.made(own)
            yield world
            await world.connector.close()
