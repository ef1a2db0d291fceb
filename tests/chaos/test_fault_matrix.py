"""Each fault by itself, in the middle of a run: nothing lost, nothing twice, and it goes on."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from syncline.domain.run import State
from syncline.postgres.runs.auditor import audit
from syncline_ingest.extraction.credit import LEAST, LEAST_OF_CHUNK
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.faults import FAULTS, LONG, Fault
from tests.support.chaos.numbered_place import NumberedPlace
from tests.support.chaos.progress import Progress

TIMES = int(os.environ.get("SYNCLINE_CHAOS_TIMES", "1"))
"""Times that each fault is injected into its run."""
BEFORE, AFTER = 0.5, 3.0
"""Seconds of steady movement before a fault and behind it."""
RECORDS, A_SECOND, MOST = 1200, 60, 20_000
"""Of a run, for each fault, and for each second that it lasts: enough to outlast it, as far as
records move during the fault. A fault that is LONG is injected once."""
HIDDEN = LEAST + LEAST_OF_CHUNK
"""Records of a run that Execute has in hand at most where the target is slow, and writes although
Kafka is away: so many more does a run need before the next strike of such a fault."""
WITHIN = 300.0
"""Seconds; far more than needed, so that only standing still fails."""


@pytest.mark.chaos
@pytest.mark.parametrize(
    "fault", [pytest.param(f, id=("short " if f.short else "") + f.name) for f in FAULTS]
)
async def test_a_fault_loses_and_doubles_nothing(
    fault: Fault, place: NumberedPlace, rows: list[FaultRow]
) -> None:
    times = TIMES if fault.seconds < LONG else 1
    numbers = await place.add(records_of(fault, times))
    place.api.trouble_rate = fault.trouble
    run_id = await place.trigger()
    seconds = 0.0
    async with Progress(place.database, run_id) as progress:
        for _ in range(times):
            now = time.monotonic()
            await progress.moves(now, until=len(numbers), settle=BEFORE, within=WITHIN)
            assert progress.done < len(numbers), "the run was over before the fault"
            seconds = max(seconds, await strike(fault, place, progress, len(numbers)))
        run = await place.world.place.ended(run_id, within=WITHIN)
    row = await place.counted(fault.name, run, numbers)
    rows.append(row._replace(times=times, seconds=seconds))
    assert (row.lost, row.doubled, row.end) == (0, 0, State.PARTIAL_SUCCESS)
    assert await audit(place.database) == []


def records_of(fault: Fault, times: int) -> int:
    """Return how many records make a run outlast all strikes but the end of the last one."""
    hidden = HIDDEN if fault.hides else 0
    return times * min(int(RECORDS + A_SECOND * fault.seconds), MOST) + (times - 1) * hidden


async def strike(fault: Fault, place: NumberedPlace, progress: Progress, records: int) -> float:
    """Inject a fault and heal it; return the seconds from then until records moved again."""
    begun = time.monotonic()
    async with fault.strike(place.world, place.api):
        await asyncio.sleep(fault.seconds)
    healed = time.monotonic()
    await progress.moves(healed, until=records, settle=AFTER, within=WITHIN)
    _, ended = progress.longest_standstill(begun)
    return max(0.0, ended - healed)
