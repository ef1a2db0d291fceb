"""Following runs through events that come late, twice or not at all."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec
import pytest

from syncline.cli.runs.status_follower import LOOK_AFTER, StatusFollower, status_in
from syncline.contracts.events import PROGRESS, REJECTED, RunStatus
from syncline.contracts.status import status_message
from syncline.contracts.wire import Delivery
from syncline.domain.errors import NotFoundError, RetriableError
from syncline.testing.clock import EPOCH, FakeClock
from tests.support.run_status import run_status

RUN = "01996f4e-8a4c-7d50-b3c5-1f0f3c1a2b3d"


class Scripted:
    """A reader that gives what a test has put there, then nothing while time passes."""

    def __init__(self, clock: FakeClock, *polls: list[Delivery] | RetriableError) -> None:
        self._clock = clock
        self._polls = deque(polls)
        self.starts = 0

    async def start(self) -> None:
        self.starts += 1

    async def poll(self, wait: float) -> list[Delivery]:
        await asyncio.sleep(0)
        if not self._polls:
            await self._clock.advance(wait)
            return []
        given = self._polls.popleft()
        if isinstance(given, RetriableError):
            raise given
        return given

    async def stop(self) -> None: ...


def event(seq: int, state: str = "in_progress", run_id: str = RUN) -> Delivery:
    said = run_status(correlation_id=run_id, state=state, seq=seq)
    type_ = REJECTED if state == "rejected" else PROGRESS
    message = status_message(type_, "finalize", said, EPOCH)
    return Delivery("status", 0, 0, message.key, message.value, (), 0)


class Rows:
    """The run rows, as far as a test knows them."""

    def __init__(self, found: RunStatus | None = None) -> None:
        self.found = found
        self.looks = 0

    async def look(self, run_id: str) -> RunStatus:
        self.looks += 1
        if self.found is None:
            raise NotFoundError(run_id)
        return msgspec.structs.replace(self.found, correlation_id=run_id)


async def follow(
    reader: Scripted, clock: FakeClock, rows: Rows, *, look_first: bool = False, asked: bool = False
) -> list[tuple[str, int]]:
    notes: list[str] = []
    follower = StatusFollower(reader, rows.look, clock, notes.append)
    await follower.start()
    advancing = asyncio.ensure_future(_advance(clock))
    async with asyncio.timeout(5):
        following = follower.follow([RUN], look_first=look_first, asked=asked)
        seen = [(s.state, s.seq) async for s in following if s is not None]
    advancing.cancel()
    return seen


async def _advance(clock: FakeClock) -> None:
    while True:
        await asyncio.sleep(0)
        if clock.sleepers:
            await clock.advance(1)


async def test_late_and_doubled_events_are_dropped() -> None:
    clock = FakeClock()
    other = event(9, run_id=RUN.replace("0", "1"))
    reader = Scripted(clock, [event(1), event(3), event(2), other], [event(3), event(4, "failed")])
    assert await follow(reader, clock, Rows()) == [
        ("in_progress", 1), ("in_progress", 3), ("failed", 4),
    ]  # fmt: skip


async def test_where_events_stay_away_the_row_is_looked_at() -> None:
    clock, rows = FakeClock(), Rows(run_status(state="succeeded", seq=7))
    assert await follow(Scripted(clock), clock, rows) == [("succeeded", 7)]
    assert (rows.looks, clock.monotonic() >= LOOK_AFTER) == (1, True)


async def test_a_run_that_began_before_is_looked_at_first() -> None:
    clock, rows = FakeClock(), Rows(run_status(state="succeeded", seq=7))
    assert await follow(Scripted(clock), clock, rows, look_first=True) == [("succeeded", 7)]
    assert clock.monotonic() == 0


async def test_an_outage_is_waited_out_and_what_was_missed_is_in_the_row() -> None:
    clock, rows = FakeClock(), Rows(run_status(state="succeeded", seq=7))
    reader = Scripted(clock, [event(1)], RetriableError("away"))
    assert await follow(reader, clock, rows) == [("in_progress", 1), ("succeeded", 7)]
    assert reader.starts == 2


async def test_a_refusal_ends_what_was_asked_for() -> None:
    clock = FakeClock()
    reader = Scripted(clock, [event(5), event(0, "rejected")])
    assert await follow(reader, clock, Rows(), asked=True) == [("in_progress", 5), ("rejected", 0)]


async def test_the_refusal_of_another_trigger_does_not_end_a_run() -> None:
    clock = FakeClock()
    reader = Scripted(clock, [event(5), event(0, "rejected")], [event(6, "succeeded")])
    assert await follow(reader, clock, Rows()) == [("in_progress", 5), ("succeeded", 6)]


async def test_what_is_no_status_event_is_passed_over() -> None:
    clock = FakeClock()
    broken = [Delivery("status", 0, n, RUN.encode(), v, (), 0) for n, v in enumerate([b"{", None])]
    reader = Scripted(clock, [*broken, event(1, "cancelled")])
    assert await follow(reader, clock, Rows()) == [("cancelled", 1)]


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[" * 100_000, b'{"specversion":"1.0","type":5}', b'{"specversion":1}']
)
def test_a_message_of_somebody_else_is_passed_over(value: bytes) -> None:
    assert status_in(Delivery("status", 0, 0, RUN.encode(), value, (), 0), [RUN]) is None
