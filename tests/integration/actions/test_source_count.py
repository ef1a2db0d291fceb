"""How many records a read from the beginning takes: counted by the source, or not known."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from syncline.actions.connections.source_count import SourceCount, SourceCounter, words_of
from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import NotFoundError
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import Database, open_database
from syncline.resources.edits import Edit, save
from syncline.security.secrets import Keyring, generate_key

KEYS = Keyring.parse(generate_key())
FIELDS: dict[str, Any] = {
    "normalization": {"fields": [{"source": "code", "target": "sku"}]},
    "transformation": {
        "matchKey": "sku",
        "fields": [{"source": "sku", "target": "sku"}],
        "target": {"table": "copies"},
    },
}


async def stored(database: Database, folder: Path) -> None:
    """Store an instance for each of a table, a filtered one, a query, a file and an API."""
    with sqlite3.connect(folder / "erp.db") as c:
        c.execute("create table items (code text primary key, price integer)")
        c.executemany("insert into items values (?, ?)", [(f"A{n}", n) for n in range(1200)])
    (folder / "items.csv").write_text('code,note\nA1,x\nA2,"two\nlines"\nA3,y\n')
    profiles: dict[str, dict[str, Any]] = {
        "erp": {"connector": "sqlite", "config": {"file": str(folder / "erp.db")}},
        "files": {"connector": "file", "config": {"folder": str(folder)}},
        "api": {"connector": "http", "config": {"baseUrl": "http://127.0.0.1:9"}},
    }
    query = "select * from items where price > :least"
    least = [{"field": "price", "op": "gt", "value": 5}]
    reads: dict[str, tuple[str, dict[str, Any]]] = {
        "table": ("erp", {"table": "items"}),
        "filtered": ("erp", {"table": "items", "filters": least}),
        "query": ("erp", {"mode": "sql", "sql": query, "parameters": {"least": 1100}}),
        "gone": ("erp", {"table": "gone"}),
        "file": ("files", {"table": "items.csv"}),
        "api": ("api", {"mode": "api", "endpoint": "/items"}),
    }
    store = ConfigurationStore(database, KEYS)
    for name, body in profiles.items():
        await save(store, Edit("default", "t", Kind.PROFILE, name), body)
    for name, (source, extraction) in reads.items():
        document = {
            "entityType": "item",
            "extraction": {"idColumn": "code", **extraction},
            **FIELDS,
        }
        await save(store, Edit("default", "t", Kind.MAPPING, name), document)
        body = {"source": source, "target": "erp", "mappings": [name]}
        await save(store, Edit("default", "t", Kind.INSTANCE, name), body)


async def test_the_source_says_how_many_or_why_not(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(postgres) as database:
        await stored(database, tmp_path)
        around = Surroundings(outbound_allow=("127.0.0.0/8",), folders=(str(tmp_path),))
        counter = SourceCounter(database, KEYS, around)

        async def count(instance: str) -> SourceCount:
            return await counter.count("default", "anna", instance, "item")

        assert await count("table") == SourceCount("erp", 1200, at_most=False, unknown=None)
        assert words_of(await count("filtered")) == "that is at most 1,200 records of erp"
        assert (await count("query")).records == 99
        assert (await count("file")).records == 3
        assert (await count("api")).unknown == "HTTP API does not tell"
        assert "gone" in ((await count("gone")).unknown or "")
        with pytest.raises(NotFoundError):
            await counter.count("default", "anna", "table", "order")

        async def slow(*_: object) -> int:
            raise TimeoutError

        monkeypatch.setattr(SqliteConnector, "count", slow)
        assert (await count("table")).unknown == "no answer within 10 s"
