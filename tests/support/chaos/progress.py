"""When the records of a run moved."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from itertools import pairwise

from syncline.domain.errors import NotFoundError, RetriableError
from syncline.postgres.database.database import Database
from syncline.postgres.runs.runs import Runs
from tests.support.chaos.watch import Watch
from tests.support.eventually import eventually

ANSWERS_WITHIN = 2.0
"""Seconds that a look may take: a database that is frozen never answers."""


async def records_done(database: Database, run_id: str) -> int | None:
    """Count the records of a run that have an outcome; None while nobody can tell."""
    with suppress(RetriableError, NotFoundError, TimeoutError):
        async with asyncio.timeout(ANSWERS_WITHIN):
            return (await Runs(database).get("default", run_id)).counters.done
    return None


class Progress(Watch):
    """Notes each change of the number of records that have an outcome, while its block runs.

    Attributes:
        changes: the monotonic seconds of the changes.
    """

    every = 0.1

    def __init__(self, database: Database, run_id: str) -> None:
        self.done = 0
        self._database = database
        self._run_id = run_id
        self.changes = [time.monotonic()]

    async def _look(self) -> None:
        done = await records_done(self._database, self._run_id)
        if done is not None and done > self.done:
            self.done = done
            self.changes.append(time.monotonic())

    async def moves(self, since: float, *, until: int, settle: float, within: float) -> None:
        """Wait until records have moved for a while.

        Args:
            since: the monotonic second from which on changes count.
            until: records at which it is enough, however short a while it was.
            settle: seconds of the while; some changes are in it, and one in its last second.
        """

        def is_moving() -> bool:
            now, recent = time.monotonic(), [t for t in self.changes if t > since]
            steady = len(recent) > 2 and now - recent[-1] < 1.0 and now - since > settle
            return steady or self.done >= until

        await eventually(is_moving, within=within)

    def longest_standstill(self, since: float) -> tuple[float, float]:
        """Return the monotonic seconds between which nothing moved for longest.

        Args:
            since: standstills that were over by then do not count.
        """
        gaps = [gap for gap in pairwise(self.changes) if gap[1] > since]
        return max(gaps, key=lambda gap: gap[1] - gap[0], default=(since, since))
