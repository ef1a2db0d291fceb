"""An installation that syncs numbers to an API which makes a second record of a second POST."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from uuid6 import uuid7

from syncline.domain.run import Run
from syncline.postgres.database.database import Database, open_database
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.world import ALL, World, world
from tests.support.installation import Installation
from tests.support.numbered import BAD, NumberedApi, add_numbers, configure

RATE, BATCH = 10.0, 50
"""Calls of 20 records a second that the target takes; records of a batch."""


class Numbers(msgspec.Struct, kw_only=True):
    """An installation, its target, and how many numbers its source has.

    Attributes:
        source: the database that has the numbers.
    """

    place: Installation
    api: NumberedApi
    database: Database
    source: Database
    last: int = 0

    async def add(self, count: int) -> range:
        """Add numbers to the source, for the next run. After a RetriableError call it again."""
        numbers = range(self.last + 1, self.last + count + 1)
        await add_numbers(self.source, numbers)
        self.last += count
        return numbers

    async def trigger(self, run_id: str | None = None) -> str:
        """Ask for a run of what is new, and return its correlation ID."""
        run_id = run_id or str(uuid7())
        return await self.place.trigger(
            correlation_id=run_id, instance="numbers", entityType="item", batchSize=BATCH,
            onOverlap="queue",
        )  # fmt: skip

    async def counted(self, fault: str, run: Run, numbers: range) -> FaultRow:
        """Count what the target and the DLQ have of a run's numbers."""
        copies = Counter(int(item["sku"]) for item in self.api.items.values())
        found = await self.database.fetch(
            "select source_id from dead_letters where status = 'pending'"
        )
        dead = Counter(int(row["source_id"]) for row in found)
        lost = [n for n in numbers if not (copies if n % BAD else dead)[n]]
        doubled = [n for n in numbers if copies[n] + dead[n] > 1]
        return FaultRow(fault, 1, len(numbers), len(lost), len(doubled), None, run.state)


class NumberedPlace(Numbers, kw_only=True):
    """Numbers in a world that can be struck."""

    world: World


@asynccontextmanager
async def numbered_place(logs: Path) -> AsyncIterator[NumberedPlace]:
    """Start servers, every service, the source and the target."""
    api = NumberedApi(secrets.randbelow(10**6))
    await api.start()
    async with world(logs) as at:
        await at.start(ALL)
        await (await at.place.start_gateway()).aclose()
        async with open_database(at.postgres.dsn(), size=2) as database:
            keys = at.place.environment["SYNCLINE_SECRET_KEYS"]
            await configure(database, at.postgres.dsn(), keys, 0, RATE, api)
            yield NumberedPlace(
                place=at.place, api=api, database=database, source=database, world=at
            )
    await api.close()
