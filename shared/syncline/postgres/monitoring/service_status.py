"""What the monitor stores: a row for each service, when it looked last, and the last hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from syncline.domain.record import Value
from syncline.domain.service_status import ServiceStatus
from syncline.postgres.database.database import Repository

KEPT = timedelta(minutes=60)
"""How much history is kept."""
STEP = 10
"""Seconds between two steps of it."""
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
_HISTORY = """
select h.* from pipeline_history h join pipeline_services s using (service)
where h.at > $1 and h.waiting is not null order by s.place, h.at
"""
_COLUMNS = ("waiting", "oldest_seconds", "workers", "incoming", "outgoing", "failed")
_MOST = 2**31 - 1
_decode = msgspec.json.Decoder(ServiceStatus).decode


class StageHistory(msgspec.Struct, frozen=True, rename="camel"):
    """A stage over the last steps; rates are records a second over each. None: nobody looked."""

    service: str
    waiting: list[int | None]
    oldest_seconds: list[float | None]
    workers: list[int | None]
    incoming: list[float | None]
    outgoing: list[float | None]
    failed: list[float | None]


class ServiceStatusStore(Repository):
    """What the monitor keeps of the services."""

    async def keep(self, changed: Sequence[tuple[int, ServiceStatus]], at: datetime) -> None:
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

    async def drop_others(self, services: Sequence[str]) -> None:
        """Drop services that this release does not have."""
        await self._database.execute(
            "delete from pipeline_services where service <> all($1)", list(services)
        )

    async def remember(self, services: Sequence[ServiceStatus], at: datetime) -> None:
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

    async def services(self) -> tuple[datetime | None, list[ServiceStatus]]:
        """Return when the monitor last looked, None for never, and what it saw, in order."""
        rows = await self._database.fetch("select health from pipeline_services order by place")
        heard = await self._database.fetchval(
            "select at from pipeline_heard where at > '-infinity'"
        )
        return heard, [_decode(row["health"]) for row in rows]

    async def history(
        self, now: datetime, length: timedelta
    ) -> tuple[list[int], list[StageHistory]]:
        """Return the last steps, as Unix seconds without a gap, and each stage in them."""
        last = int(now.timestamp()) // STEP * STEP
        steps = list(range(last - int(length.total_seconds()) + STEP, last + STEP, STEP))
        rows = await self._database.fetch(_HISTORY, now - length)
        found: dict[str, dict[int, Value]] = {}
        for row in rows:
            place = int(row["at"].timestamp()) // STEP * STEP
            found.setdefault(row["service"], {})[place] = row
        return steps, [
            StageHistory(service, **{name: _column(of, steps, name) for name in _COLUMNS})
            for service, of in found.items()
        ]


def _column(rows: dict[int, Value], steps: Sequence[int], name: str) -> list[Value]:
    """Return one figure of a stage for each step, None where there is no row."""
    found = [rows.get(step) for step in steps]
    return [None if row is None else _plain(row[name]) for row in found]


def _plain(value: float | None) -> float | None:
    return round(value, 2) if isinstance(value, float) else value
