"""A run whose records fail by the thousand: it waits for a person before it fills the DLQ."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.contracts.events import NEEDS_ATTENTION
from syncline.contracts.topics import STATUS
from syncline.domain.record import JsonObject, Record
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import forget_message
from syncline.testing.http_api import HttpApi, ReceivedRequest
from tests.support.eventually import eventually
from tests.support.http_sync import store_http_sync
from tests.support.http_world import UPSERT, listening
from tests.support.installation import Installation
from tests.support.topics import lying

ROWS, CALLS = 20_000, 10


class Shop(HttpApi):
    """Refuses every record until its rule is mended."""

    strict = True

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.2

    def _upsert(self, record: Record, asked: ReceivedRequest) -> JsonObject:
        sku = str(record["sku"])
        if self.strict:
            return {"sku": sku, "status": 422, "error": "unknown unit"}
        self.items[sku] = dict(record)
        return {"sku": sku, "status": 200, "id": sku}


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with listening(Shop()) as shop:
        yield shop


@asynccontextmanager
async def stored(
    place: Installation, shop: Shop, rows: int, bulk: int, budget: int
) -> AsyncIterator[Database]:
    """Store an instance with a budget; its books hold at the end."""
    async with open_database(place.dsn) as database:
        target = UPSERT | {"bulkSize": bulk}
        await store_http_sync(database, place, shop.url, target, rows, CALLS)
        await database.execute("update instances set failure_budget = $1", {"count": budget})
        yield database
        await eventually(lambda: _adds_up(database), within=60)


@pytest.fixture
async def db(place: Installation, shop: Shop) -> AsyncIterator[Database]:
    async with stored(place, shop, ROWS, bulk=100, budget=50) as database:
        yield database


async def test_a_run_that_execute_has_in_hand_whole_stops_before_all_of_it_has_failed(
    place: Installation, shop: Shop
) -> None:
    async with stored(place, shop, rows=500, bulk=10, budget=3) as db:
        run_id = await place.trigger(instance="erp-shop", entityType="item", batchSize=500)
        run = await eventually(lambda: _needing_attention(db, run_id), within=60)
        assert run.counters.failed <= CALLS * 10, "no call began behind those that failed first"
        shop.strict = False
        await RunPauses(db).resume("default", run_id, "ann")
        await place.producer.send([forget_message(run_id)])
        ended: Run = await place.ended(run_id)
        assert ended.state is State.PARTIAL_SUCCESS
        assert len(shop.items) == ended.counters.success == 500 - ended.counters.failed


@pytest.mark.timeout(240)
async def test_a_run_over_its_budget_waits_loses_nothing_and_goes_on_when_resumed(
    place: Installation, db: Database, shop: Shop
) -> None:
    run_id = await place.trigger(instance="erp-shop", entityType="item", batchSize=100)
    run = await eventually(lambda: _needing_attention(db, run_id), within=60)
    assert "more than the failure budget of 50 records" in (run.needs_attention or "")
    assert "unknown unit" in (run.needs_attention or "")
    event = await eventually(lambda: _event(place, run_id), within=30)
    assert event["needsAttention"] == run.needs_attention
    total = await eventually(lambda: _still_total(db, run_id), within=60)
    assert total < ROWS  # reading has stopped

    shop.strict, shop.seconds = False, 0.0
    await RunPauses(db).resume("default", run_id, "ann")
    await place.producer.send([forget_message(run_id)])
    ended: Run = await place.ended(run_id, within=120)
    assert (ended.state, ended.counters.total) == (State.PARTIAL_SUCCESS, ROWS)
    assert ended.counters.success + ended.counters.failed == ROWS
    assert ended.counters.success > 0
    # To Ingest a pause is like a crash: what it had sent may come twice. The first outcome stands.
    assert len(shop.items) >= ended.counters.success
    assert ROWS - len(shop.items) <= ended.counters.failed


async def _adds_up(db: Database) -> bool:
    """Tell whether the books hold; a dead letter may still be on its way to its report."""
    return await audit(db) == []


async def _needing_attention(db: Database, run_id: str) -> Run | None:
    if not await db.fetchval("select count(*) from runs"):
        return None
    run = await Runs(db).get("default", run_id)
    return run if run.needs_attention else None


async def _event(place: Installation, run_id: str) -> dict[str, Any] | None:
    for delivery in await lying(place.connection, STATUS):
        event = json.loads(delivery.value or b"")
        if event["subject"] == run_id and event["type"] == NEEDS_ATTENTION:
            data: dict[str, Any] = event["data"]
            return data
    return None


async def _still_total(db: Database, run_id: str) -> int | None:
    """Return how many records were read, when that has not changed for a while."""
    totals = set()
    for _ in range(3):
        totals.add((await Runs(db).get("default", run_id)).counters.total)
        await db.execute("select pg_sleep(1)")
    return totals.pop() if len(totals) == 1 else None
