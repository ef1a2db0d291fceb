"""Strikes in one run, one after the other, and for how long each stopped its records."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.progress import Progress

SETTLE = 3.0
"""Seconds of steady movement before and behind each strike."""
WITHIN = 300.0
"""Seconds; far more than needed, so that only standing still fails."""


class Strikes:
    """Waits for steady movement around each strike, and notes the longest standstill of each."""

    def __init__(self, progress: Progress, records: int) -> None:
        self._progress = progress
        self._records = records
        self._seconds: dict[str, float] = {}

    async def steady(self) -> None:
        now = time.monotonic()
        await self._progress.moves(now, until=self._records, settle=SETTLE, within=WITHIN)
        assert self._progress.done < self._records, "the run was over before the fault"

    @asynccontextmanager
    async def by(self, what: str) -> AsyncIterator[None]:
        """Strike inside the block."""
        await self.steady()
        begun = time.monotonic()
        yield
        await self.steady()
        still = self._progress.longest_standstill(begun)
        self._seconds[what] = seconds = still[1] - still[0]
        print(f"{self._progress.done:>7} records done, {seconds:.1f} s still: {what}", flush=True)  # noqa: T201 - what happened when, for whoever looks for the cause

    def rows(self, counted: FaultRow) -> list[FaultRow]:
        """Return a row for each strike in the run that was counted."""
        return [
            counted._replace(fault=what, seconds=seconds) for what, seconds in self._seconds.items()
        ]
