"""SQLite does with generated tables and bulks what the model says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from syncline.testing.connectors.generated_targets import GeneratedTargetSuite
from tests.support.sqlite_tables import GeneratedSqlite


@pytest.fixture
def generated(tmp_path: Path) -> Iterator[GeneratedSqlite]:
    with closing(sqlite3.connect(tmp_path / "t.db", isolation_level=None)) as database:
        yield GeneratedSqlite(tmp_path, database)


class TestGenerated(GeneratedTargetSuite):
    pass
