"""The Oracle connector does what the port promises, on what stands in for its driver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from syncline.connectors.oracle import OracleConnector
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
from tests.support.one_world import OneWorld
from tests.support.oracle import Backend, RealBackend, StandInBackend, connector_to, emptied
from tests.support.sql_world import ITEMS, SECRET, by_sql

STAND_IN = {"text": "text", "name": "varchar", "whole": "bigint", "time": "timestamp"}
REAL = {"text": "clob", "name": "varchar2", "whole": "number(19)", "time": "timestamp"}
TABLE = (
    'create table {0}ITEMS{0} ("id" {name}(190) primary key, "name" {text}, "amount" {name}(100), '
    '"count" {whole} check ("count" <> 999), "changed" {time})'
)


class OracleWorld:
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
    empty_is_null = True

    def __init__(self, own: Backend) -> None:
        self.connector = connector_to(own.url)
        self.unanswerable: Any = sql_world.unanswerable("ORA-00900|ORA-00936")
        self._own = own
        self._is_real = own.server is None
        # PostgreSQL, which is behind what stands in, has no texts with NUL in them.
        self.texts = frozenset({"bell", "nul"} if self._is_real else {"bell"})
        self.cannot_hold = frozenset[str]() if self._is_real else frozenset({"nul"})

    @classmethod
    async def made(cls, own: Backend) -> OracleWorld:
        await own.run(TABLE.format('"', **(REAL if own.server is None else STAND_IN)))
        return cls(own)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        return sql_world.broken(connector_to, self._own.url, sslmode="verify-full")

    def _literal(self, value: object) -> str:
        if value is None or isinstance(value, int):
            return "null" if value is None else str(value)
        text = value if isinstance(value, str) else f"{value:f}"
        parts = [text[n : n + 1000].replace("'", "''") for n in range(0, len(text), 1000)]
        said = " || ".join(f"{'to_clob' if self._is_real else ''}('{part}')" for part in parts)
        return said or "null"

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        await self._own.run('delete from "ITEMS"')
        for r in records:
            changed = r["changed"] and r["changed"].astimezone(UTC).replace(tzinfo=None).isoformat()
            values = [self._literal(r[name]) for name in ("id", "name", "amount", "count")]
            time = f"timestamp '{changed.replace('T', ' ')}'" if changed else "null"
            await self._own.run(f'insert into "ITEMS" values ({", ".join(values)}, {time})')

    async def rows(self) -> list[dict[str, Any]]:
        found = await self._own.run('select "id", "name", "amount", "count" from "ITEMS"')
        return [dict(zip(("id", "name", "amount", "count"), row, strict=True)) for row in found]

    async def drop(self, column: str) -> None:
        await self._own.run(f'alter table "ITEMS" drop column "{column}"')

    async def add(self, column: str) -> None:
        kind = "varchar2(10)" if self._is_real else "varchar(10)"
        await self._own.run(f"""alter table "ITEMS" add "{column}" {kind} default 'new'""")

    async def lose_answer(self) -> None:
        self._stand_in().loses_answer = True

    async def set_read_only(self, read_only: bool) -> None:
        self._stand_in().read_only = read_only

    def _stand_in(self) -> Any:
        if self._own.server is None:
            pytest.skip("a real server is not brought into this trouble")
        return self._own.server


class TestOracle(OneWorld[OracleWorld],
    ConnectorSuite, SourceSuite, DriftSuite,
    TargetSuite, LostAnswerSuite, ReadOnlySuite, SizeLimitSuite,
):  # fmt: skip
    system = "oracle"
    kind = OracleConnector
    good_config = {"host": "db", "port": 1521, "database": "shop", "user": "reader"}
    wrong_configs = [
        ({"host": ...}, {}, "$.config.host"),
        ({"database": 3}, {}, "$.config.database"),
        ({"port": "1521"}, {}, "$.config.port"),
        ({"sslmode": "maybe"}, {}, "$.config.sslmode"),
        ({"sslmode": "prefer"}, {}, "$.config.sslmode"),
        ({"statementTimeout": 0}, {}, "$.config.statementTimeout"),
        ({"sid": "x"}, {}, "$.config.sid"),
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
        self, oracle_stand_in: StandInBackend, system_url: str | None
    ) -> AsyncIterator[OracleWorld]:
        if system_url is not None:
            own = RealBackend(system_url)
            world = await OracleWorld.made(own)
            yield world
            await world.connector.close()
            await own.run('drop table "ITEMS"')
            return
        world = await OracleWorld.made(await emptied(oracle_stand_in))
        yield world
        await world.connector.close()
