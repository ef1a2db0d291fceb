"""Keeps a stage from beginning while the lanes of open runs would move."""

from __future__ import annotations

import structlog

from syncline.domain.errors import RetriableError
from syncline.postgres.database.database import Database
from syncline.postgres.runs.open_lanes import moved_lanes
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock

log = structlog.get_logger()


class LaneCheck:
    """One look at the start of a process, again and again while it fails.

    Attributes:
        problem: why the stage does not begin, in words.
    """

    def __init__(self, database: Database, partitions: int, clock: Clock) -> None:
        self._database = database
        self._partitions = partitions
        self._clock = clock
        self.problem: str | None = None

    async def passed(self) -> None:
        """Wait until no open run was begun with another number of partitions."""
        backoff = Backoff()
        while (problem := await self._look()) is not None:
            if problem != self.problem:
                log.error("stage_does_not_begin", reason=problem)
            self.problem = problem
            await self._clock.sleep(backoff.next())
        self.problem = None

    async def _look(self) -> str | None:
        try:
            return await moved_lanes(self._database, self._partitions)
        except RetriableError as error:
            return str(error)
