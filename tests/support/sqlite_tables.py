"""A SQLite file for tables of every make."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector


class SqliteTables:
    """A file without any table, and a connector to it."""

    binary = "blob"

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        surroundings = Surroundings(folders=(str(folder),))
        self.connector = SqliteConnector({"file": str(folder / "t.db")}, {}, surroundings)
        self.database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self.database.execute(statement).fetchall()
