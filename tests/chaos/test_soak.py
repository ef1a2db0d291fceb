"""Runs without a break and faults at random for an hour: `make soak`."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import TypeVar

import pytest
from uuid6 import uuid7

from syncline.domain.errors import RetriableError
from syncline.domain.run import State
from syncline.postgres.runs.auditor import audit
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.faults import FAULTS, LONG
from tests.support.chaos.memory import MemoryWatch
from tests.support.chaos.numbered_place import NumberedPlace
from tests.support.eventually import eventually
from tests.support.numbered import BAD

T = TypeVar("T")
SECONDS = float(os.environ.get("SYNCLINE_SOAK_SECONDS", "0"))
RECORDS, TROUBLE = 500, 0.02
"""Of a run; the share of writes that fail all the time."""
QUIET = (2.0, 15.0)
"""Seconds between two faults, at least and at most."""
WITHIN = 600.0
"""Seconds; far more than needed, so that only standing still fails."""
SHORT = [fault for fault in FAULTS if fault.seconds < LONG]
"""Those that leave most of an hour to the others."""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what happened when, for whoever looks for the cause


@pytest.mark.chaos
@pytest.mark.skipif(not SECONDS, reason="`make soak` says for how long")
async def test_runs_without_a_break_lose_and_double_nothing(
    place: NumberedPlace, rows: list[FaultRow]
) -> None:
    seed = int(os.environ.get("SYNCLINE_CHAOS_SEED") or secrets.randbelow(10**6))
    say(f"SYNCLINE_CHAOS_SEED={seed}")
    place.api.trouble_rate = TROUBLE
    ends = Counter[str]()
    times = Counter[str]()
    async with MemoryWatch(place.world.place.processes) as memory:
        async with struck_at_random(place, Random(seed), times) as faults:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                assert not faults.done(), faults.result()
                ends[await run_once(place)] += 1
        ends[await run_once(place)] += 1
        say(memory.table())
    say(f"faults: {dict(times)}\nruns: {dict(ends)}")
    row = await counted(place)
    rows.append(row._replace(times=times.total(), end=", ".join(sorted(ends))))
    assert (row.lost, row.doubled) == (0, 0)
    assert await audit(place.database) == []


async def run_once(place: NumberedPlace) -> State:
    """Run a sync of new records, whatever is away meanwhile."""
    run_id = str(uuid7())
    await patiently(lambda: place.add(RECORDS))
    await patiently(lambda: place.trigger(run_id))
    run = await patiently(lambda: place.world.place.ended(run_id, within=WITHIN))
    return run.state


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do what can be done again until nothing that it needs is away."""
    while True:
        try:
            return await work()
        except RetriableError:
            await asyncio.sleep(1.0)


@asynccontextmanager
async def struck_at_random(
    place: NumberedPlace, random: Random, times: Counter[str]
) -> AsyncIterator[asyncio.Task[None]]:
    """Strike until the block's end; a fault that has begun is healed before this ends."""
    over = asyncio.Event()
    faults = asyncio.create_task(strike_at_random(place, random, times, over))
    try:
        yield faults
    finally:
        over.set()
        await faults


async def strike_at_random(
    place: NumberedPlace, random: Random, times: Counter[str], over: asyncio.Event
) -> None:
    while not over.is_set():
        await asyncio.sleep(random.uniform(*QUIET))
        await eventually(partial(moves, place, len(place.api.asked), over), WITHIN)
        fault = random.choice(SHORT)
        say(f"{time.strftime('%H:%M:%S')} {fault.name}")
        async with fault.strike(place.world, place.api):
            await asyncio.sleep(fault.seconds)
        times[fault.name] += 1


def moves(place: NumberedPlace, asked: int, over: asyncio.Event) -> bool:
    """A fault strikes work, not the wait that the one before it left behind."""
    return over.is_set() or len(place.api.asked) > asked


async def counted(place: NumberedPlace) -> FaultRow:
    """Count over all runs: a number that one of them left, the next one has to bring."""
    numbers = range(1, place.last + 1)
    copies = Counter(int(item["sku"]) for item in place.api.items.values())
    found = await place.database.fetch(
        "select source_id from dead_letters where status = 'pending'"
    )
    dead = Counter(int(row["source_id"]) for row in found)
    lost = [n for n in numbers if not (copies if n % BAD else dead)[n]]
    doubled = [n for n in numbers if copies[n] + dead[n] > 1]
    return FaultRow("soak", 0, len(numbers), len(lost), len(doubled), None, "")
