"""How much of a run is in hand at once."""

from __future__ import annotations

import asyncio

import pytest

from syncline.runtime.loop.calls_in_hand import BYTES, CALLS, CallsInHand


class Calls:
    """Handler calls, each of which goes on until it is told to end."""

    def __init__(self) -> None:
        self.in_hand = CallsInHand()
        self.begun: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def begin(self, name: str, size: int = BYTES, run: bytes = b"one") -> None:
        end = self._ends[name] = asyncio.Event()

        async def work() -> None:
            async with self.in_hand.call(run, size):
                self.begun.append(name)
                await end.wait()

        self._tasks[name] = asyncio.create_task(work())
        await settled()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await settled()

    async def cut_off(self, name: str) -> None:
        self._tasks[name].cancel()
        await settled()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def full() -> Calls:
    """As many large calls as a run may have, and two that wait."""
    calls = Calls()
    for name in "abcdefgh"[: CALLS + 2]:
        await calls.begin(name)
    assert calls.begun == list("abcdefgh"[:CALLS])
    return calls


async def test_those_that_wait_begin_in_their_order_as_others_end(full: Calls) -> None:
    await full.end("b")
    assert full.begun[CALLS:] == ["e"]
    await full.end("e")
    assert full.begun[CALLS:] == ["e", "f"]


async def test_another_run_does_not_wait(full: Calls) -> None:
    await full.begin("other", run=b"two")
    assert full.begun[-1] == "other"


async def test_of_small_messages_more_are_in_hand() -> None:
    calls = Calls()
    for number in range(12):
        await calls.begin(str(number), BYTES // 10)
    assert len(calls.begun) == 10


async def test_a_small_call_does_not_overtake_a_large_one_that_waits(full: Calls) -> None:
    await full.begin("small", 1)
    assert "small" not in full.begun


async def test_one_that_is_cut_off_makes_room(full: Calls) -> None:
    await full.cut_off("e")
    await full.cut_off("a")
    assert full.begun[CALLS:] == ["f"]


async def test_one_that_is_cut_off_in_the_moment_of_its_turn_makes_room(full: Calls) -> None:
    waiting = full.in_hand._runs[b"one"].waiting
    full._ends["a"].set()
    while len(waiting) == 2:  # noqa: ASYNC110 - each turn of the loop matters
        await asyncio.sleep(0)
    await full.cut_off("e")
    assert full.begun[CALLS:] == ["f"]


async def test_nothing_is_kept_of_a_run_that_has_nothing_in_hand(full: Calls) -> None:
    for name in "abcdef":
        await full.end(name)
    assert full.in_hand._runs == {}
