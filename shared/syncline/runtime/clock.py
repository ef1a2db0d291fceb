"""The clock that all other code uses, so that tests can set the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for timestamps, monotonic time for durations, and waiting."""

    def now(self) -> datetime:
        """Return the time in UTC, with its time zone."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""

    async def sleep(self, seconds: float) -> None:
        """Wait. Cancelling the task ends the wait at once."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the clock

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


LEAST_SKEW = 2.0
"""Seconds by which a machine's clock may be wrong without being put right: it is not measured more
exactly than that."""


class InstallationClock(SystemClock):
    """The machine's clock, put right by the database's, which all processes share.

    So no due time and no schedule depends on a machine whose clock is wrong.

    Attributes:
        skew: seconds that the machine's clock is ahead of the database's; 0.0 where it is right.
    """

    def __init__(self) -> None:
        self.skew = 0.0

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=self.skew)

    async def compare(self, read: Callable[[], Awaitable[datetime]]) -> None:
        """Compare it with the database's time, which `read` asks for; raises what that raises."""
        before = super().now()
        theirs = await read()
        after = super().now()
        skew = (before + (after - before) / 2 - theirs).total_seconds()
        if abs(skew) - (after - before).total_seconds() >= LEAST_SKEW:
            self.skew = round(skew, 1)
        elif abs(skew) < LEAST_SKEW:
            self.skew = 0.0


async def every(clock: Clock, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work for ever, with a wait of so many seconds after each time."""
    while True:
        await work()
        await clock.sleep(seconds)


async def sleep_unless(clock: Clock, seconds: float, stop: asyncio.Event) -> None:
    """Wait by the clock, or until `stop` is set, whichever comes first."""
    await wait_unless(clock.sleep(seconds), stop)


async def wait_unless(work: Awaitable[None], stop: asyncio.Event) -> None:
    """Wait for some work, or until `stop` is set, whichever comes first; then let go of it."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    if tasks[0].done() and not tasks[0].cancelled():
        tasks[0].result()
