"""Schedules and their firings as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.schedule.cadence import Cadence, cadence_of
from syncline.domain.schedule.cron import Cron
from syncline.domain.schedule.firing import FiringResult, ScheduleStatus
from syncline.postgres.configuration.edits import mark_of
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.near_names import none_like

_SHOWN = """
select s.id, s.tenant, s.name, i.name as instance, s.entity_type, s.cron, s.timezone, s.sentence,
  s.enabled, s.next_at, s.changed_at,
  case when not s.enabled then 'disabled'
    when i.enabled and p.active and t.active and coalesce(not x.removed, false) then 'enabled'
    else 'dependency_inactive' end as status,
  case when not i.enabled then format('instance %s is Inactive', i.name)
    when not p.active then format('profile %s is Inactive', p.name)
    when not t.active then format('profile %s is Inactive', t.name)
    when coalesce(x.removed, true)
      then format('instance %s has no entity type %s', i.name, s.entity_type) end as why,
  f.slot, f.kind, f.actor, f.result, f.reason, f.run_id, f.noted_at, r.state,
  (select count(*) from firings m where m.schedule_id = s.id and m.result = 'missed'
    and m.slot > now() - interval '7 days') as missed
from schedules s join instances i on i.id = s.instance_id
join profiles p on p.id = i.source_id join profiles t on t.id = i.target_id
left join streams x on x.instance_id = s.instance_id and x.entity_type = s.entity_type
left join lateral (select * from firings l where l.schedule_id = s.id and l.result <> 'missed'
  order by l.slot desc limit 1) f on true
left join runs r on r.id = f.run_id and f.result = 'fired'
where s.tenant = $1 and s.deleted_at is null
"""
_LIST = f"""
select * from ({_SHOWN}) v
where ($2::text is null or v.name > $2)
  and ($3::text is null or position(lower($3) in lower(concat_ws(' ', v.name, v.instance,
    v.entity_type, v.cron, v.sentence, v.timezone, replace(v.status, '_', ' '),
    replace(coalesce(v.state, v.result, 'never'), '_', ' '),
    to_char(v.slot, 'YYYY-MM-DD HH24:MI'), to_char(v.next_at, 'YYYY-MM-DD HH24:MI')))) > 0)
  and ($4::text is null or v.status = $4) and ($5::text is null or v.instance = $5)
  and ($6::text is null or v.entity_type = lower($6))
order by v.name limit $7
"""
_FIRINGS = """
select f.slot, f.kind, f.actor, f.result, f.reason, f.run_id, f.noted_at, r.state
from firings f left join runs r on r.id = f.run_id and f.result = 'fired'
where f.schedule_id = $1 and ($2::timestamptz is null or f.slot < $2)
order by f.slot desc limit $3
"""


class FiringView(msgspec.Struct, frozen=True, rename="camel"):
    """One firing.

    Attributes:
        slot: the time it was due.
        kind: slot, catch_up or manual.
        result: due, sent, fired, skipped, refused or missed.
        reason: why there is no run.
        correlation_id: of the run, where one was accepted.
        state: of that run.
    """

    slot: datetime
    kind: str
    actor: str
    result: str
    reason: str | None
    correlation_id: str | None
    state: str | None
    noted_at: datetime


class ScheduleView(msgspec.Struct, frozen=True, rename="camel"):
    """A schedule.

    Attributes:
        sentence: the expression in words.
        cadence: the builder's form of it, if it has one.
        status: enabled, disabled or dependency_inactive.
        status_reason: what is not active.
        last_run: its newest firing that was not missed.
        next_run: the next slot, none while it does not fire.
        missed: slots of the last seven days that were missed.
        etag: of this state, for `If-Match`.
    """

    name: str
    instance: str
    entity_type: str
    cron: str
    timezone: str
    sentence: str
    cadence: Cadence | None
    enabled: bool
    status: str
    status_reason: str | None
    last_run: FiringView | None
    next_run: datetime | None
    missed: int
    changed_at: datetime
    etag: str


class Wanted(msgspec.Struct, frozen=True):
    """Which schedules are wanted; what is None limits nothing.

    Attributes:
        search: part of anything that a list shows of a schedule, in any case; times in UTC.
    """

    search: str | None = None
    status: ScheduleStatus | None = None
    instance: str | None = None
    entity_type: str | None = None


class ScheduleViews:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, tenant: str) -> Sequence[ScheduleView]:
        """Return every schedule of a tenant, by name."""
        return await self.list(tenant, Wanted(), limit=None)

    async def list(
        self, tenant: str, wanted: Wanted, *, limit: int | None, after: str | None = None
    ) -> Sequence[ScheduleView]:
        """Return schedules by name, those behind `after`."""
        status = wanted.status and wanted.status.value
        rows = await self._database.fetch(
            _LIST, tenant, after, wanted.search, status, wanted.instance, wanted.entity_type, limit
        )
        return [_view(row) for row in rows]

    async def get(self, tenant: str, name: str) -> ScheduleView:
        """Return a schedule. Raises NotFoundError."""
        row = await self._database.fetchrow(f"{_SHOWN} and s.name = $2", tenant, name)
        if row is None:
            raise await none_like(self._database, Kind.SCHEDULE, tenant, name)
        return _view(row)

    async def firings(
        self, tenant: str, name: str, limit: int = 25, before: datetime | None = None
    ) -> Sequence[FiringView]:
        """Return the newest firings of a schedule, newest first. Raises NotFoundError."""
        schedule_id = await self._id(tenant, name)
        rows = await self._database.fetch(_FIRINGS, schedule_id, before, limit)
        return [_firing(row) for row in rows]

    async def overdue(self, seconds: float) -> int:
        """Return how many slots, of any tenant, came so long ago and nobody has looked at them."""
        count: int = await self._database.fetchval(
            "select count(*) from schedules where next_at < now() - make_interval(secs => $1)",
            seconds,
        )
        return count

    async def _id(self, tenant: str, name: str) -> str:
        found: str | None = await self._database.fetchval(
            "select id from schedules where tenant = $1 and name = $2 and deleted_at is null",
            tenant,
            name,
        )
        if found is None:
            raise await none_like(self._database, Kind.SCHEDULE, tenant, name)
        return found


def _view(row: Row) -> ScheduleView:
    status = ScheduleStatus(row["status"])
    return ScheduleView(
        name=row["name"],
        instance=row["instance"],
        entity_type=row["entity_type"],
        cron=row["cron"],
        timezone=row["timezone"],
        sentence=row["sentence"],
        cadence=cadence_of(Cron(row["cron"])),
        enabled=row["enabled"],
        status=status.value,
        status_reason=row["why"] if status is ScheduleStatus.DEPENDENCY_INACTIVE else None,
        last_run=_firing(row) if row["slot"] else None,
        next_run=row["next_at"] if status is ScheduleStatus.ENABLED else None,
        missed=row["missed"],
        changed_at=row["changed_at"],
        etag=mark_of(row["changed_at"]),
    )


def _firing(row: Row) -> FiringView:
    fired = row["result"] == FiringResult.FIRED.value
    return FiringView(
        slot=row["slot"],
        kind=row["kind"],
        actor=row["actor"],
        result=row["result"],
        reason=row["reason"],
        correlation_id=row["run_id"] if fired else None,
        state=row["state"],
        noted_at=row["noted_at"],
    )
