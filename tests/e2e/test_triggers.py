"""Triggers and cancels as operators use them: overlap, and ending a run early."""

from __future__ import annotations

from typing import Any

from syncline.contracts.events import REJECTED, event_data
from syncline.contracts.topics import STATUS
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import cancel_message
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.topics import lying

ITEMS: dict[str, Any] = {"instance": "erp-shop", "entityType": "item"}


async def slow_target(db: Database) -> None:
    """Allow the target one call in five seconds, so that a run of many batches takes long."""
    await db.execute("update profiles set rate = 0.2, changed_at = now() where name = 'shop'")


async def cancel(place: Installation, db: Database, run_id: str) -> None:
    await Runs(db).request_cancel("default", run_id, "operator")
    await place.producer.send([cancel_message(run_id, "operator")])


async def get(db: Database, run_id: str) -> Run:
    return await Runs(db).get("default", run_id)


async def rejections(place: Installation, run_id: str) -> list[str]:
    """Return why triggers of this correlation ID were refused."""
    found = [event_data(d.value or b"") for d in await lying(place.connection, STATUS)]
    return [
        data["reason"]
        for type_, data in found
        if type_ == REJECTED and data["correlationId"] == run_id
    ]


async def test_a_cancelled_run_says_what_was_written_and_leaves_the_cursor(
    place: Installation, db: Database
) -> None:
    run_id = await under_way(place, db)
    await cancel(place, db, run_id)
    run = await place.ended(run_id)
    assert (run.state, run.reason) == (State.CANCELLED, "cancelled by operator")
    counters = run.counters
    assert counters.total == counters.success + counters.cancelled == 5000
    assert counters.cancelled > 0
    assert await db.fetchval("select count(*) from cursors") == 0

    await db.execute("update profiles set rate = null, changed_at = now() where name = 'shop'")
    whole = await place.run(**ITEMS)
    assert (whole.state, whole.counters.total) == (State.SUCCEEDED, 5000)
    assert whole.counters.success == 5000 - counters.success


async def test_while_a_run_goes_on_others_are_refused_or_wait(
    place: Installation, db: Database
) -> None:
    first = await under_way(place, db)
    refused = await place.trigger(**ITEMS)
    queued = await place.trigger(**ITEMS, onOverlap="queue")
    found = await eventually(lambda: rejections(place, refused), within=20)
    assert found == [f"run {first} of this instance and entity type is active"]

    async def is_accepted() -> bool:
        return bool(await db.fetchval("select true from runs where id = $1::uuid", queued))

    await eventually(is_accepted, within=20)
    assert (await get(db, queued)).state is State.QUEUED

    await cancel(place, db, queued)
    ended = await place.ended(queued)
    assert (ended.state, ended.counters.total) == (State.CANCELLED, 0)
    await cancel(place, db, first)
    await place.ended(first)

    # The refused message comes again, now that nothing is in its way: it stays refused.
    await place.trigger(**ITEMS, correlation_id=refused)
    await eventually(lambda: _twice(place, refused), within=20)
    assert await db.fetchval("select count(*) from runs where id = $1::uuid", refused) == 0


async def under_way(place: Installation, db: Database) -> str:
    """Start a run whose target is slow, and return when all of it is discovered."""
    await slow_target(db)
    run_id = await place.trigger(**ITEMS, batchSize=10)

    async def is_discovered() -> bool:
        return bool(await db.fetchval("select total = 5000 from runs where id = $1::uuid", run_id))

    await eventually(is_discovered, within=30)
    return run_id


async def _twice(place: Installation, run_id: str) -> bool:
    return len(await rejections(place, run_id)) == 2
