"""What the tests of connectors share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.sqlite_tables import SqliteTables


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[SqliteTables]:
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as database:
        yield SqliteTables(tmp_path, database)
