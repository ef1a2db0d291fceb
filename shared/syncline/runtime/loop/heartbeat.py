"""The heartbeat of the event loop: liveness is judged by it, and its delay is measured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from syncline.runtime.clock import Clock
from syncline.telemetry.metrics import METRICS

EVERY = 1.0
"""Seconds."""


class Ticker:
    """Notes that the event loop runs. An outage of the broker or the database does not stop it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last_tick = clock.monotonic()

    @asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """Tick while the block runs."""
        task = asyncio.create_task(self._tick(), name="ticker")
        try:
            yield
        finally:
            task.cancel()

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(EVERY)
            now = self._clock.monotonic()
            METRICS.loop_lag.set(max(now - self.last_tick - EVERY, 0.0))
            self.last_tick = now
