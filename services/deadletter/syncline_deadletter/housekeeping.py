"""Housekeeping: deletes what was kept long enough."""

from __future__ import annotations

import structlog

from syncline.postgres.database.database import Database
from syncline.postgres.database.retention import ROWS, Retention, remove_expired
from syncline.postgres.dead_letters.patterns import renew_patterns
from syncline.runtime.clock import Clock

EVERY = 600.0
"""Seconds between two rounds."""
PAUSE = 1.0
"""Seconds between two deletes of one round, so that other work gets its turn."""
log = structlog.get_logger()


class Housekeeping:
    """May run in several processes; one at a time does the work."""

    def __init__(self, database: Database, retention: Retention, clock: Clock) -> None:
        self._database = database
        self._retention = retention
        self._clock = clock

    async def run(self) -> None:
        """Side task: delete for ever. May raise RetriableError."""
        while True:
            await self.renew_patterns()
            removed = await remove_expired(self._database, self._retention)
            if any(removed.values()):
                log.info("removed_expired", **removed)
            more = ROWS in removed.values()
            await self._clock.sleep(PAUSE if more else EVERY)

    async def renew_patterns(self) -> None:
        """Compute anew the patterns that an older release has stored. May raise RetriableError."""
        if count := await renew_patterns(self._database):
            log.info("fingerprints_renewed", entries=count)
