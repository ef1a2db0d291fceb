"""The SQLite connector does what the port promises, as a source and as a target."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.port import Connector, Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.connectors.sqlite.database import LARGEST_ROW
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.source_faults import DriftSuite, HostileSuite
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.target_faults import SizeLimitSuite
from syncline.testing.connectors.targets import TargetSuite
from tests.support import sql_world
from tests.support.one_world import OneWorld
from tests.support.sql_world import by_sql

TABLE = """
create table items (
  id text primary key, name text, amount text,
  count integer check (count is null or count <> 999), changed text
)
"""


class SqliteWorld:
    """One database file with a table of items."""

    secret = None
    extraction = Extraction(id_column="id", table="items", cursor_column="changed")
    texts = frozenset({"bell", "nul"})
    options = {"table": "items"}
    elsewhere = {"table": "nothing_there"}
    refused = {"count": 999}
    oversized = {"name": "x" * (LARGEST_ROW + 1)}
    heavy = {"name": "x" * 2_000_000}
    keeps_one = True
    deletes = True
    cannot_hold: frozenset[str] = frozenset()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "erp.db"
        self.database = sqlite3.connect(self.path, isolation_level=None)
        self.database.execute(TABLE)
        self.connector = self.connector_to(self.path, folder)
        self.hostilities = {"text that is no UTF-8": self.break_a_text}
        self.unanswerable: Any = sql_world.unanswerable("syntax error")

    @staticmethod
    def connector_to(path: Path, *allowed: Path) -> SqliteConnector:
        surroundings = Surroundings(folders=tuple(map(str, allowed)))
        return SqliteConnector({"file": str(path)}, {}, surroundings)

    def broken(self) -> Sequence[tuple[Connector, str]]:
        text = self.folder / "text.db"
        text.write_text("not a database, but long enough to look like one " * 20)
        link = self.folder / "link.db"
        if not link.is_symlink():
            link.symlink_to("/etc/hostname")
        return [
            (self.connector_to(self.path), "permission"),
            (self.connector_to(self.path, self.folder / "others"), "permission"),
            (self.connector_to(link, self.folder), "permission"),
            (self.connector_to(self.folder / "nowhere.db", self.folder), "data"),
            (self.connector_to(text, self.folder), "data"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        self.database.execute("delete from items")
        for r in records:
            changed = r["changed"].isoformat(sep=" ") if r["changed"] else None
            amount = f"{r['amount']:f}" if isinstance(r["amount"], Decimal) else r["amount"]
            row = (r["id"], r["name"], amount, r["count"], changed)
            self.database.execute("insert into items values (?, ?, ?, ?, ?)", row)

    async def rows(self) -> list[dict[str, Any]]:
        rows = self.database.execute("select id, name, amount, count from items")
        return [dict(zip(("id", "name", "amount", "count"), row, strict=True)) for row in rows]

    async def break_a_text(self) -> None:
        self.database.execute("update items set name = cast(x'ff' as text) where id = '0004'")

    async def drop(self, column: str) -> None:
        self.database.execute(f"alter table items drop column {column}")

    async def add(self, column: str) -> None:
        self.database.execute(f"alter table items add column {column} text default 'new'")


class TestSqlite(
    OneWorld[SqliteWorld],
    ConnectorSuite,
    SourceSuite,
    DriftSuite,
    HostileSuite,
    TargetSuite,
    SizeLimitSuite,
):
    system = "sqlite"
    kind = SqliteConnector
    good_config = {"file": "/srv/erp.db"}
    wrong_configs = [
        ({"file": ...}, {}, "$.config.file"),
        ({"file": "erp.db"}, {}, "$.config.file"),
        ({"fiel": "x"}, {}, "$.config.fiel"),
        ({"statementTimeout": "x"}, {}, "$.config.statementTimeout"),
        ({}, {"password": "x"}, "$.secrets.password"),
    ]
    wrong_mappings = [
        (Extraction(id_column="id", mode=ExtractionMode.API), None, "$.extraction.mode"),
        (Extraction(id_column="id", mode=ExtractionMode.PROCEDURE), None, "$.extraction.mode"),
        (
            Extraction(id_column="id", table="x", options={"page": 1}),
            None,
            "$.extraction.options.page",
        ),
        (by_sql("select 1; drop table x"), None, "$.extraction.sql"),
        (by_sql("select * from x where a > :cursr"), None, "$.extraction.sql"),
        (None, {}, "$.transformation.target.table"),
        (None, {"table": "x", "tabel": "x"}, "$.transformation.target.tabel"),
    ]

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[SqliteWorld]:
        world = SqliteWorld(tmp_path)
        with closing(world.database):
            yield world
