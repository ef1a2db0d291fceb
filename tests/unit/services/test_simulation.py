"""The stages' logic in many orders of events: with crashes, second deliveries, pauses, cancels."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from syncline.connectors.port import WriteBatch, WriteResult
from tests.support.simulation.invariants import broken
from tests.support.simulation.pipeline import Pipeline, state_of
from tests.support.simulation.target import SimulatedTarget

SEED = os.environ.get("SYNCLINE_SIMULATION_SEED")
SECONDS = float(os.environ.get("SYNCLINE_SIMULATION_SECONDS", "0"))
LIVES = 60
"""Of a test run that nobody asks for more: always the same ones, and those that found bugs."""
FOUND = (591543476, 785547869, 237097377, 637852289, 637855144)


@pytest.fixture(scope="module", autouse=True)
async def _every_error_is_read() -> AsyncIterator[None]:
    """A task's error that nobody reads is logged at any later time, in the middle of anything."""
    unread: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unread.append(context))
    yield
    gc.collect()
    loop.set_exception_handler(None)
    assert unread == []


async def live(seed: int) -> Pipeline:
    pipeline = Pipeline(seed)
    try:
        await pipeline.live()
        assert broken(pipeline) == []
    except BaseException:
        print(f"SYNCLINE_SIMULATION_SEED={seed}")  # noqa: T201 - it shows the failure again
        raise
    return pipeline


async def test_nothing_is_lost_and_nothing_happens_twice_in_any_order_of_events() -> None:
    if SEED is not None:
        await live(int(SEED))
        return
    for seed in (*range(LIVES), *FOUND):
        await live(seed)


@pytest.mark.skipif(not SECONDS, reason="make simulate")
@pytest.mark.timeout(SECONDS + 300)
async def test_nothing_is_lost_and_nothing_happens_twice_for_as_long_as_one_likes() -> None:
    first = Random().randrange(10**9)
    begun, lives, moves = time.monotonic(), 0, 0
    while time.monotonic() - begun < SECONDS:
        moves += (await live(first + lives)).moves
        lives += 1
    seconds = time.monotonic() - begun
    print(f"{lives} lives, {moves} moves in {seconds:.0f} s: {lives / seconds * 60:.0f} a minute")  # noqa: T201 - the result


async def test_a_seed_is_one_order_of_events() -> None:
    first, again = [state_of(await live(7)) for _ in range(2)]
    assert first == again


async def test_a_target_that_forgets_what_it_wrote_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The invariants bite."""
    write = SimulatedTarget.write

    async def forgetful(self: SimulatedTarget, batch: WriteBatch) -> WriteResult:
        result = await write(self, batch)
        self.rows.clear()
        return result

    monkeypatch.setattr(SimulatedTarget, "write", forgetful)
    with pytest.raises(AssertionError):
        await live(7)
