"""A small run beside large ones whose target is slow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest

from syncline.domain.run import State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message
from syncline.testing.http_api import HttpApi
from tests.support.configured import store_instance
from tests.support.erp_shop import store_erp_shop
from tests.support.eventually import eventually
from tests.support.http_world import SINGLE
from tests.support.installation import Installation

SLOW = 5
"""Large runs to the slow target."""
DOCUMENT = {
    "entityType": "item",
    "extraction": {"mode": "config", "table": "source_items", "idColumn": "code"},
    "normalization": {"fields": [{"source": "code", "target": "code", "required": True}]},
    "transformation": {
        "matchKey": "sku", "target": SINGLE, "fields": [{"source": "code", "target": "sku"}],
    },
}  # fmt: skip


@pytest.fixture
async def slow_apis() -> AsyncIterator[list[HttpApi]]:
    apis = [HttpApi() for _ in range(SLOW)]
    for api in apis:
        api.seconds = 1.0
        await api.start()
    yield apis
    for api in apis:
        await api.close()


async def test_a_small_run_does_not_wait_for_large_ones_to_another_target(
    place: Installation, slow_apis: list[HttpApi]
) -> None:
    async with open_database(place.dsn) as db:
        await store_erp_shop(db, place)
        await store_slow_instances(db, place, slow_apis)
        large = [await place.trigger(instance=f"slow-{n}", entityType="item") for n in range(SLOW)]
        await eventually(lambda: all(api.asked for api in slow_apis), within=60)

        small = await place.run(instance="erp-shop", entityType="item", maxEntities=10)
        assert (small.state, small.counters.success) == (State.SUCCEEDED, 10)
        runs = [await Runs(db).get("default", run_id) for run_id in large]
        assert not any(run.state.is_final for run in runs)
        assert all(run.counters.in_flight <= 5_000 for run in runs)
        for run_id in large:  # outcomes are reported while it goes on
            await eventually(partial(_has_written, db, run_id), within=60)

        for run_id in large:
            await Runs(db).request_cancel("default", run_id, "ann")
        await place.producer.send([cancel_message(run_id, "ann") for run_id in large])
        for run_id in large:
            run = await place.ended(run_id)
            assert (run.state, run.counters.in_flight) == (State.CANCELLED, 0)


async def _has_written(db: Database, run_id: str) -> bool:
    return (await Runs(db).get("default", run_id)).counters.success > 0


async def store_slow_instances(db: Database, place: Installation, apis: list[HttpApi]) -> None:
    source = await db.fetchval("select id from profiles where name = 'erp'")
    for number, api in enumerate(apis):
        name = f"slow-{number}"
        async with db.transaction() as c:
            target = await place.profiles(c).store(name, "http", {"baseUrl": api.url})
            await store_instance(c, name, (source, target), name, DOCUMENT)
