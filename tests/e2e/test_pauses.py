"""A pause costs nothing: bundles are parked, and no message is sent until the run goes on."""

from __future__ import annotations

import asyncio
import signal

import pytest

from syncline.domain.run import State
from syncline.postgres.database.database import Database
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message, forget_message, pause_message
from tests.support.configured import store_instance
from tests.support.erp_shop import DOCUMENT
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.topics import bundle_ends, until_nothing_waits

ROWS = 5_000
PAUSE = 6.0
"""Seconds: three rounds of the retry topic of two seconds."""


@pytest.fixture
async def paused_run(place: Installation, db: Database) -> str:
    """Return a run that was paused while thousands of its records were in flight."""
    async with db.transaction() as holding:
        await holding.execute("lock table target_items")
        run_id = await place.trigger(
            instance="erp-shop", entityType="item", mode="force_full", batchSize=10
        )
        await eventually(lambda: _in_flight(db, run_id, 2_000), within=60)
        await RunPauses(db).pause("default", run_id, "ann")
        await place.producer.send([pause_message(run_id, "ann")])
    await until_nothing_waits(place.connection)
    return run_id


async def _in_flight(db: Database, run_id: str, least: int) -> bool:
    total = await db.fetchval("select total from runs where id = $1", run_id)
    return total is not None and total >= least


async def _parked(db: Database) -> int:
    return int(await db.fetchval("select count(*) from parked_bundles"))


async def _store_second_instance(db: Database) -> None:
    named = "select id from profiles where name = $1"
    async with db.transaction() as c:
        profiles = await c.fetchval(named, "erp"), await c.fetchval(named, "shop")
        await store_instance(c, "second", profiles, "items-of-second", DOCUMENT)


async def test_a_paused_run_sends_nothing_and_goes_on_where_it_was(
    place: Installation, db: Database, paused_run: str
) -> None:
    parked, ends = await _parked(db), await bundle_ends(place.connection)
    assert parked
    await asyncio.sleep(PAUSE)
    for service in ("normalize", "execute", "retry"):
        await place.stop(service, signal.SIGKILL)
        await place.start(service)
    await place.ready()
    assert await bundle_ends(place.connection) == ends
    assert await _parked(db) == parked
    await _store_second_instance(db)
    other = await place.run(instance="second", entityType="item", maxEntities=10)
    assert (other.state, other.counters.success) == (State.SUCCEEDED, 10)
    assert await _parked(db) == parked

    await RunPauses(db).resume("default", paused_run, "ann")
    await place.producer.send([forget_message(paused_run)])
    run = await place.ended(paused_run)
    assert (run.state, run.counters.success, run.counters.total) == (State.SUCCEEDED, ROWS, ROWS)
    assert await db.fetchval("select count(*) from target_items") == ROWS
    assert await db.fetchval("select count(*) from dead_letters") == 0
    assert await _parked(db) == 0


async def test_the_parked_bundles_of_a_cancelled_run_are_skipped(
    place: Installation, db: Database, paused_run: str
) -> None:
    assert await _parked(db)
    await Runs(db).request_cancel("default", paused_run, "ann")
    await place.producer.send([cancel_message(paused_run, "ann")])
    run = await place.ended(paused_run)
    assert (run.state, run.counters.in_flight) == (State.CANCELLED, 0)
    assert await _parked(db) == 0
