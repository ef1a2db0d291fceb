"""Figures of the whole installation, for Prometheus."""

from __future__ import annotations

import msgspec

from syncline.postgres.database.database import Repository
from syncline.postgres.database.rows import struct_of
from syncline.postgres.runs.run_row import ALL_IN_FLIGHT

_READ = """
select (select count(*) from dead_letters where status = 'pending') as pending_dead_letters,
  (select count(*) from profile_breakers where closed_at is null) as open_breakers
"""


class InstallationFigures(msgspec.Struct, frozen=True):
    """Dead letters that nobody has dealt with; profiles whose system does not answer."""

    pending_dead_letters: int
    open_breakers: int


class InstallationFigureStore(Repository):
    """Reads the figures."""

    async def read(self) -> InstallationFigures:
        """Count them. Raises RetriableError."""
        row = await self._database.fetchrow(_READ)
        assert row is not None
        return struct_of(InstallationFigures, row)

    async def in_flight(self) -> int:
        """Return how many records of active runs have no outcome. Raises RetriableError."""
        return int(await self._database.fetchval(ALL_IN_FLIGHT))
