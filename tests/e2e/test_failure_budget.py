"""A run whose records fail by the thousand: it waits for a person before it fills the DLQ."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

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
from syncline.security.secrets import Keyring
from syncline.testing.http_api import HttpApi, ReceivedRequest
from tests.support.configured import store_instance
from tests.support.eventually import eventually
from tests.support.http_world import UPSERT
from tests.support.installation import Installation
from tests.support.ports import free_port
from tests.support.topics import lying

ROWS = 20_000
DOCUMENT = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "source_items", "idColumn": "code"},
    "normalization": {"fields": [{"source": "code", "target": "code", "required": True}]},
    "transformation": {
        "matchKey": "sku", "target": UPSERT, "fields": [{"source": "code", "target": "sku"}],
    },
}  # fmt: skip


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
    shop = Shop()
    await shop.start(port=free_port())
    yield shop
    await shop.close()


@pytest.fixture
async def db(place: Installation, shop: Shop) -> AsyncIterator[Database]:
    url = urlsplit(place.dsn)
    keys = Keyring.parse(place.environment["SYNCLINE_SECRET_KEYS"])
    erp = {
        "host": url.hostname, "port": url.port, "database": url.path[1:], "user": url.username,
    }  # fmt: skip
    source, target = uuid4(), uuid4()
    profiles: list[tuple[Any, ...]] = [
        (source, "erp", "postgresql", erp, {"password": url.password or ""}),
        (target, "shop", "http", {"baseUrl": shop.url}, {}),
    ]
    async with open_database(place.dsn) as database:
        async with database.transaction() as c:
            for profile, name, connector, config, secrets in profiles:
                encrypted = keys.encrypt(secrets, "default", str(profile))
                await c.execute(
                    "insert into profiles (id, tenant, name, connector, config, secrets) "
                    "values ($1, 'default', $2, $3, $4, $5)",
                    profile, name, connector, config, encrypted,
                )  # fmt: skip
            await store_instance(c, "erp-shop", (source, target), "items", DOCUMENT)
            await c.execute("update instances set failure_budget = '{\"count\": 50}'")
            await c.execute(
                f"create table source_items as select 'A' || n as code "
                f"from generate_series(1, {ROWS}) n"
            )
        yield database
        await eventually(lambda: _adds_up(database), within=60)


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
