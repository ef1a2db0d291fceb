"""A SQLite file for tables of every make."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.testing.connectors.generated_targets import UNLUCKY, Make


class SqliteTables:
    """A file without any table, and a connector to it."""

    binary = "blob"

    def __init__(self, folder: Path, database: sqlite3.Connection) -> None:
        surroundings = Surroundings(folders=(str(folder),))
        self.connector = SqliteConnector({"file": str(folder / "t.db")}, {}, surroundings)
        self.database = database

    async def run(self, statement: str) -> list[tuple[Any, ...]]:
        return self.database.execute(statement).fetchall()


class GeneratedSqlite(SqliteTables):
    """SQLite tables of every make, strict so that values are what columns say."""

    oddities = ("partial", "expression", "keyless", "generated")
    partitions = False

    async def make(self, make: Make) -> None:
        await self.run("drop table if exists t")
        kind, key = "text" if make.is_text else "int", ", ".join(make.key)
        more = ", twice int generated always as (n * 2)" if make.odd == "generated" else ""
        more += ", need text not null" if make.demanded else ""
        is_keyed = make.odd in (None, "generated")
        more += f", primary key ({key})" if make.primary and is_keyed else ""
        await self.run(
            f"create table t (id {kind}, seller text, n int check (n < 900), "
            f"name text check (length(name) <= 10), b blob {more}) strict"
        )
        if is_keyed and not make.primary:
            await self.run(f"create unique index u on t ({key})")
        if make.odd == "partial":
            await self.run(f"create unique index u on t ({key}) where n is null")
        if make.odd == "expression":
            await self.run("create unique index u on t (abs(id), lower(seller))")
        for event in ("insert", "update") if make.trigger else ():
            await self.run(
                f"create trigger g{event} before {event} on t when new.n = {UNLUCKY} "
                "begin select raise(abort, 'unlucky'); end"
            )
