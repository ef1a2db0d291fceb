"""A stage does not begin with another number of partitions while big runs are open."""

from __future__ import annotations

import asyncio
from functools import partial

from syncline.bootstrap.start_check import StartCheck
from syncline.contracts.messages import Extracted
from syncline.postgres.database.database import Database
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.runs.open_lanes import moved_lanes
from syncline.testing.clock import FakeClock
from tests.support.eventually import eventually
from tests.support.run_life import accept, apply, extract, ref


async def test_lanes_of_open_runs_move_with_another_number(db: Database) -> None:
    run = await accept(db)  # with four lanes
    assert await moved_lanes(db, 8) is None, "nothing of a queued run is on its way"
    await Extractions(db).start(run.id)
    assert await moved_lanes(db, 4) is None
    assert await moved_lanes(db, 8) == (
        "SYNCLINE_KAFKA_PARTITIONS is 8, but 1 open run was begun with 4: set it back until they "
        "have ended"
    )


async def test_a_stage_begins_when_they_have_ended(db: Database) -> None:
    run, clock = await accept(db), FakeClock()
    await extract(db, run)
    check = StartCheck(partial(moved_lanes, db, 8), clock)
    waiting = asyncio.ensure_future(check.passed())
    await eventually(lambda: check.problem is not None)
    await clock.advance(60)
    assert not waiting.done()
    await apply(db, Extracted(ref(run), 0, 0))

    async def has_passed() -> bool:
        await clock.advance(5)
        return waiting.done()

    await eventually(has_passed)
    assert check.problem is None
