"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_TURNS = 20
"""Of the event loop, for those who were woken to get to their next wait."""


class FakeClock:
    """Fits runtime.clock.Clock; `advance` wakes the sleepers in the order of their times."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def epoch_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + max(seconds, 0.0), self._count, woken))
        await woken

    @property
    def sleepers(self) -> int:
        """How many wait for time to pass."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that happens meanwhile."""
        until = self._passed + seconds
        await _turns()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            self._passed = max(self._passed, due)
            if not woken.done():
                woken.set_result(None)
                await _turns()
        self._passed = until


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
