"""Figures of the whole installation, for Prometheus."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.postgres.database.database import Repository
from syncline.postgres.database.rows import fetch_structs, struct_of
from syncline.postgres.limits.breakers import OpenBreaker, open_breakers
from syncline.postgres.runs.run_row import ALL_IN_FLIGHT

_PENDING = "select count(*) from dead_letters where status = 'pending'"
_SERVER = """
select pg_database_size(current_database()) as bytes,
  (select sum(numbackends)::int from pg_stat_database) as sessions,
  current_setting('max_connections')::int as most_sessions
"""
_STREAMS = """
select s.tenant, i.name as instance, s.entity_type, ok.finished_at as succeeded_at,
  extract(epoch from last.finished_at - last.began_at)::float8 as seconds,
  last.state = 'failed' as is_failing
from streams s join instances i on i.id = s.instance_id
cross join lateral (select r.state, r.finished_at,
    coalesce(r.started_at, r.created_at) as began_at from runs r
  where r.stream_id = s.id and r.finished_at is not null and r.state <> 'cancelled'
  order by r.created_at desc limit 1) last
left join lateral (select g.finished_at from runs g
  where g.stream_id = s.id and g.state = 'succeeded'
  order by g.created_at desc limit 1) ok on true
where not s.removed and i.enabled
"""


class ServerFigures(msgspec.Struct, frozen=True):
    """The database's size, the server's sessions, and how many it allows."""

    bytes: int
    sessions: int
    most_sessions: int


class StreamFigures(msgspec.Struct, frozen=True):
    """The newest ended run of a stream, and when one last succeeded; None: never."""

    tenant: str
    instance: str
    entity_type: str
    succeeded_at: datetime | None
    seconds: float
    is_failing: bool


class InstallationFigureStore(Repository):
    """Reads the figures. Each method raises RetriableError."""

    async def pending_dead_letters(self) -> int:
        """Return how many dead letters nobody has dealt with."""
        return int(await self._database.fetchval(_PENDING))

    async def open_breakers(self) -> list[OpenBreaker]:
        """Return the profiles whose system does not answer."""
        return await open_breakers(self._database)

    async def streams(self) -> list[StreamFigures]:
        """Return the streams of enabled instances that had a run."""
        return await fetch_structs(self._database, StreamFigures, _STREAMS)

    async def server(self) -> ServerFigures:
        """Look at the PostgreSQL server."""
        row = await self._database.fetchrow(_SERVER)
        assert row is not None
        return struct_of(ServerFigures, row)

    async def in_flight(self) -> int:
        """Return how many records of active runs have no outcome."""
        return int(await self._database.fetchval(ALL_IN_FLIGHT))
