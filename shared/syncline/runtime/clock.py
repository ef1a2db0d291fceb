"""The clock that all other code uses, so that tests can set the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
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
