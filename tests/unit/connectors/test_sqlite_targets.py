"""SQLite as a target: tables of every make, and what concerns a whole call."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector
from tests.suites.composite_keys import CompositeKeySuite


class SqliteTables:
    """A file without any table, and a connector to it."""

    binary = "blob"

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        surroundings = Surroundings(folders=(str(folder),))
        self.connector = SqliteConnector({"file": str(folder / "t.db")}, {}, surroundings)
        self.database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self.database.execute(statement).fetchall()


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[SqliteTables]:
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as database:
        yield SqliteTables(tmp_path, database)


class TestKeys(CompositeKeySuite):
    pass
