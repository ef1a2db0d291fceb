"""Time as the rest of the code takes it, so that tests can hold it still."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for stamps, monotonic time for durations, and waiting."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    async def sleep(self, seconds: float) -> None:
        """Wait; a cancel ends it at once."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - this is the clock

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


async def every(clock: Clock, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Work for ever, with so many seconds between two times."""
    while True:
        await work()
        await clock.sleep(seconds)


async def sleep_unless(clock: Clock, seconds: float, stop: asyncio.Event) -> None:
    """Wait by the clock, or until `stop` is set, whichever comes first."""
    tasks = [asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
