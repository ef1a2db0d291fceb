"""What the monitor wrote of the services: one row each, when it looked last, and the last hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from syncline.domain.pipeline import ServiceHealth
from syncline.postgres.database import Database

KEPT = timedelta(minutes=60)
"""How much history is kept."""
_KEEP = """
insert into pipeline_services as s (service, place, health)
select * from unnest($1::text[], $2::smallint[], $3::json[])
on conflict (service) do update set place = excluded.place, health = excluded.health
"""
_REMEMBER = """
insert into pipeline_history
  (at, service, waiting, oldest_seconds, workers, incoming, outgoing, failed)
select $1, * from unnest(
  $2::text[], $3::int[], $4::real[], $5::smallint[], $6::real[], $7::real[], $8::real[])
on conflict do nothing
"""
_MOST = 2**31 - 1
_decode = msgspec.json.Decoder(ServiceHealth).decode


class HistoryPoint(msgspec.Struct, frozen=True, rename="camel"):
    """A service at one step of the last hour; rates are records a second over that step."""

    at: datetime
    waiting: int | None
    oldest_seconds: float | None
    workers: int
    incoming: float
    outgoing: float
    failed: float


class Pipeline:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, changed: Sequence[tuple[int, ServiceHealth]], at: datetime) -> None:
        """Store the services that changed, with their places, and that the monitor has looked."""
        async with self._database.transaction() as connection:
            await connection.execute("update pipeline_heard set at = greatest(at, $1)", at)
            if changed:
                await connection.execute(
                    _KEEP,
                    [health.service for _, health in changed],
                    [place for place, _ in changed],
                    [msgspec.json.encode(health).decode() for _, health in changed],
                )

    async def keep_only(self, services: Sequence[str]) -> None:
        """Drop services that this release does not have."""
        await self._database.execute(
            "delete from pipeline_services where service <> all($1)", list(services)
        )

    async def remember(self, services: Sequence[ServiceHealth], at: datetime) -> None:
        """Add a step to the history and drop what is too old."""
        async with self._database.transaction() as connection:
            await connection.execute(
                _REMEMBER,
                at,
                [s.service for s in services],
                [None if s.waiting is None else min(s.waiting, _MOST) for s in services],
                [s.oldest_seconds for s in services],
                [len(s.workers) for s in services],
                [s.incoming.ten_seconds for s in services],
                [s.outgoing.ten_seconds for s in services],
                [s.failed.ten_seconds for s in services],
            )
            await connection.execute("delete from pipeline_history where at < $1", at - KEPT)

    async def services(self) -> tuple[datetime | None, list[ServiceHealth]]:
        """Return when the monitor last looked, None for never, and what it saw, in order."""
        rows = await self._database.fetch("select health from pipeline_services order by place")
        heard = await self._database.fetchval(
            "select at from pipeline_heard where at > '-infinity'"
        )
        return heard, [_decode(row["health"]) for row in rows]

    async def history(self, since: datetime) -> dict[str, list[HistoryPoint]]:
        """Return the steps after `since` by service, oldest first; those without a look miss."""
        rows = await self._database.fetch(
            "select * from pipeline_history where at > $1 order by at", since
        )
        found: dict[str, list[HistoryPoint]] = {}
        for row in rows:
            point = HistoryPoint(**{k: v for k, v in row.items() if k != "service"})
            found.setdefault(row["service"], []).append(point)
        return found
