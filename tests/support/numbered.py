"""A numbered source and two targets for chaos tests: a table, and an API that cannot dedupe."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from random import Random
from typing import Any

from syncline.postgres.database.database import Database
from syncline.testing.http_api import HttpApi, ReceivedRequest, Reply, Trouble
from tests.support.configured import store_instance
from tests.support.http_world import LOOKUP
from tests.support.stored_profiles import ProfileStore

TABLE_OF_NUMBERS = """
create table numbers (id int primary key, name text, price numeric, changed timestamp)
"""
_NUMBERS = """
insert into numbers select n, case when n % $3 = 0 then null else 'Nümber ' || n end, n * 1.25,
  timestamp '2026-01-01' + n / 100 * interval '1 second'
from generate_series($1::int, $2) n on conflict do nothing
"""
_LIMITS = "update profiles set rate = $2, retry = $3 where id = $1"
RETRY = {"retries": 10, "base": 1, "cap": 4}
"""So many that no record is given up by bad luck."""
CALL = {"connect": 2, "total": 5}
"""Seconds that a call to the API may take: for so long a lost one is left in peace."""
BAD = 97
"""Of the numbers that `add_numbers` adds, those that it divides have no name: they fail."""
_TARGET = "create table copies (id int primary key, title text, price numeric)"
_TABLE: dict[str, Any] = {"table": "copies"}
API: dict[str, Any] = {
    "endpoint": "/items",
    "bulkSize": 20,
    "keyField": "effect",
    "answer": {"records": "data", "id": "id", "key": "sku"},
    "update": {
        "endpoint": "/items",
        "bulkSize": 20,
        "idField": "id",
        "answer": {"records": "data", "id": "id", "key": "id"},
    },
    "lookup": LOOKUP,
}


class NumberedApi(HttpApi):
    """Creates every record it is sent and knows no key: a second POST is a second record.

    Attributes:
        trouble_rate: share of the writes that come to nothing (503), or are applied and then not
            answered.
        lost_answers: share of those that are applied.
        troubled: how many writes met either.
        applied: how often the effect with a key was carried out.
        asked_at: the monotonic seconds at which a number was looked up or stored.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.trouble_rate, self.lost_answers = 0.0, 0.5
        self.troubled = 0
        self.applied: Counter[str] = Counter()
        self.asked_at: dict[int, list[float]] = defaultdict(list)
        self._random = Random(seed)
        self._by_sku: dict[str, list[dict[str, Any]]] = {}

    async def _exchange(self, asked: ReceivedRequest, writer: asyncio.StreamWriter) -> bool:
        if asked.method != "GET" and self._random.random() < self.trouble_rate:
            is_lost = self._random.random() < self.lost_answers
            method, status = asked.method, None if is_lost else 503
            self.trouble.append(Trouble(method=method, status=status, applied=is_lost))
            self.troubled += 1
        return await super()._exchange(asked, writer)

    def _get(self, asked: ReceivedRequest) -> Reply:
        wanted = asked.query["skus"].split(",")
        for sku in wanted:
            self.asked_at[int(sku)].append(time.monotonic())
        return Reply(body={"data": [r for sku in wanted for r in self._by_sku.get(sku, [])]})

    def _problem(self, record: dict[str, Any], known: str | None) -> str | None:
        return None

    def _store(self, id_: str, record: dict[str, Any], asked: ReceivedRequest) -> dict[str, Any]:
        self.asked_at[int(record["sku"])].append(time.monotonic())
        if id_ not in self.items:
            self._by_sku.setdefault(str(record["sku"]), []).append(record | {"id": id_})
        if "effect" in record:
            self.applied[record["effect"]] += 1
        self.items[id_] = self.items.get(id_, {}) | record | {"id": id_}
        return self.items[id_]


async def configure(
    db: Database, dsn: str, keys: str, count: int, rate: float, api: HttpApi | None = None
) -> None:
    """Make the tables, and an instance `numbers` with the entity type `item`.

    Args:
        rate: calls a second that the target's profile allows, so that the run takes a while.
    """
    async with db.transaction() as c:
        await c.execute(TABLE_OF_NUMBERS)
        await c.execute(_NUMBERS, 1, count, count + 1)
        await c.execute(_TARGET)
        profiles = ProfileStore(c, dsn, keys)
        source = await profiles.store_own_database("numbers")
        if api is None:
            target = await profiles.store_own_database("copies")
        else:
            called = {"baseUrl": api.url, "timeouts": CALL}
            target = await profiles.store("copies", "http", called)
        await c.execute(_LIMITS, target, rate, RETRY)
        mapping = document("sku" if api else "id", API if api else _TABLE)
        await store_instance(c, "numbers", (source, target), "numbers", mapping)


async def add_numbers(db: Database, numbers: range) -> None:
    """Add records to the source, those that are not there; one in BAD of them cannot be synced."""
    await db.execute(_NUMBERS, numbers.start, numbers.stop - 1, BAD)


def document(key: str, target: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping; `key` is what the target finds a record by."""
    return {
        "entityType": "item",
        "extraction": {
            "mode": "config", "table": "numbers", "idColumn": "id", "cursorColumn": "changed",
        },
        "normalization": {"fields": [
            {"source": "id", "target": "number", "type": "int", "required": True},
            {"source": "name", "target": "name", "transform": "trim", "required": True},
            {"source": "price", "target": "price", "type": "decimal"},
        ]},
        "transformation": {
            "matchKey": key, "target": target,
            "fields": [
                {"source": "number", "target": key, "transform": ["toString"]}
                if key == "sku" else {"source": "number", "target": key},
                {"source": "name", "target": "title"}, {"source": "price", "target": "price"},
            ],
        },
    }  # fmt: skip


async def differences(db: Database) -> int:
    """Count rows of the source and the target table that are not in both, the same."""
    return int(
        await db.fetchval(
            """select count(*) from numbers n full join copies c using (id)
            where (n.name, n.price) is distinct from (c.title, c.price)"""
        )
    )
