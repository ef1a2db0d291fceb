"""How long the share of one process stands still: killed, and stopped in order to be replaced."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import pytest

from syncline.bootstrap.settings import Settings
from syncline.domain.run import State
from syncline.postgres.runs.auditor import audit
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.numbered_place import NumberedPlace, numbered_place
from tests.support.chaos.progress import Progress
from tests.support.installation import SERVICES

TIMES = int(os.environ.get("SYNCLINE_CHAOS_TIMES", "1"))
"""Times that each process is struck."""
BACK, STOPPED, GONE = "killed, started again", "stopped, started again", "killed, not started again"
LIMITS = {BACK: 5.0, STOPPED: 5.0, GONE: 12.0}
"""Seconds after which every lane is to move again; how long it took stands in the table."""
STEADY = 3.0
"""Seconds of steady movement between two strikes."""
WARM = 15.0
"""Seconds of a run before the first strike, until every lane has work."""
A_SECOND = 220
"""Records, more than the target takes."""
WITHIN = 120.0
_LANES = "select lane, source_ids from batches where run_id = $1"


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NumberedPlace]:
    """An installation with the session time-out of everybody, and two processes of each service."""
    async with numbered_place(tmp_path_factory.mktemp("members")) as made:
        timeout = Settings.model_fields["kafka_session_timeout"].default
        made.world.place.environment["SYNCLINE_KAFKA_SESSION_TIMEOUT"] = str(timeout)
        for service in SERVICES:
            await made.world.place.stop(service)
        await made.world.start(SERVICES, 2)
        yield made


async def strike(place: NumberedPlace, service: str, how: str) -> None:
    """End one of two processes of a service, and start it again or do not."""
    number = signal.SIGTERM if how == STOPPED else signal.SIGKILL
    await place.world.place.stop(service, number)
    if how != GONE:
        await place.world.place.start(service)


@pytest.mark.chaos
@pytest.mark.parametrize("how", LIMITS)
async def test_no_lane_stands_still_for_good_when_a_process_ends(
    how: str, place: NumberedPlace, rows: list[FaultRow]
) -> None:
    seconds = TIMES * len(SERVICES) * (2 * STEADY + LIMITS[how] + 4) + WARM
    numbers = await place.add(int(A_SECOND * seconds))
    run_id = await place.trigger()
    async with Progress(place.database, run_id) as progress:
        await asyncio.sleep(WARM)
        struck = await strike_all(place, how, progress, len(numbers))
        run = await place.world.place.ended(run_id, within=10 * WITHIN)
    moved = [progress.changes, *await _moves_of_lanes(place, run_id)]
    for service in SERVICES:
        stood = [_standstill(moved, began) for name, began in struck if name == service]
        print(f"{service}, {how}: {' '.join(f'{s:.1f}' for s in stood)}", flush=True)  # noqa: T201
        row = await place.counted(f"{service}: one of two {how}", run, numbers)
        rows.append(row._replace(times=TIMES, seconds=max(stood)))
        assert (row.lost, row.doubled, row.end) == (0, 0, State.PARTIAL_SUCCESS)
    assert await audit(place.database) == []


async def strike_all(
    place: NumberedPlace, how: str, progress: Progress, records: int
) -> list[tuple[str, float]]:
    """Strike a process of each service in turn; return when, in monotonic seconds."""
    installation, struck = place.world.place, []

    async def moves() -> None:
        now = time.monotonic()
        await progress.moves(now, until=records, settle=STEADY, within=WITHIN)
        assert progress.done < records, "the run was over too early"

    for service in SERVICES * TIMES:
        await moves()
        struck.append((service, time.monotonic()))
        await strike(place, service, how)
        await asyncio.sleep(LIMITS[how])
        await moves()
        if how == GONE:
            await installation.start(service)
        await installation.ready()
    return struck


async def _moves_of_lanes(place: NumberedPlace, run_id: str) -> list[list[float]]:
    """Return when the target was called about records of each lane."""
    lanes: dict[int, list[float]] = defaultdict(list)
    for row in await place.database.fetch(_LANES, run_id):
        for number in map(int, row["source_ids"]):
            lanes[row["lane"]] += place.api.asked_at[number]
    return [sorted(times) for times in lanes.values()]


def _standstill(moved: Sequence[Sequence[float]], began: float) -> float:
    """Return the seconds until all of them had moved again.

    Only the first move counts: later on a lane may have nothing to do, because what Ingest may
    have under way lies on the lanes that stood still.
    """
    return max(next((t for t in times if t > began), math.inf) - began for times in moved)
