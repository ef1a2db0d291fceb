"""Schedules and their firings as people see them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.domain.schedule.cadence import Cadence, cadence_of
from syncline.domain.schedule.cron import Cron
from syncline.domain.schedule.firing import ScheduleStatus
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.database.near_names import row_named
from syncline.postgres.database.rows import fetch_structs, mark_of, struct_of
from syncline.postgres.database.sorts import Order, Sorts, sort_column

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
  f.slot, f.kind, f.actor, f.result, f.reason, f.noted_at, r.state,
  case when f.result = 'fired' then f.run_id end as correlation_id,
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
_SEARCHED = """
position(lower({}) in lower(concat_ws(' ', v.name, v.instance, v.entity_type, v.cron, v.sentence,
  v.timezone, replace(v.status, '_', ' '), replace(coalesce(v.state, v.result, 'never'), '_', ' '),
  to_char(v.slot, 'YYYY-MM-DD HH24:MI'), to_char(v.next_at, 'YYYY-MM-DD HH24:MI')))) > 0
"""
_FIRINGS = """
select f.slot, f.kind, f.actor, f.result, f.reason, f.noted_at, r.state,
  case when f.result = 'fired' then f.run_id end as correlation_id
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

    @property
    def last_slot(self) -> datetime | None:
        """When the last run was due."""
        return self.last_run.slot if self.last_run else None


_NEXT_RUN = "case when v.status = 'enabled' then v.next_at end"
SCHEDULE_SORTS = Sorts(
    {
        "name": sort_column("v.name", "name", folded=True),
        "instance": sort_column("v.instance", "instance", folded=True),
        "entityType": sort_column("v.entity_type", "entity_type"),
        "timezone": sort_column("v.timezone", "timezone"),
        "status": sort_column("v.status", "status"),
        "lastRun": sort_column("v.slot", "last_slot", "moment", nullable=True),
        "nextRun": sort_column(_NEXT_RUN, "next_run", "moment", nullable=True),
        "missed": sort_column("v.missed", "missed", "number"),
    },
    unique=sort_column("v.name", "name"),
    default="name",
)
BY_NAME = SCHEDULE_SORTS.order()


class ScheduleFilter(msgspec.Struct, frozen=True):
    """Which schedules; None is any. `search` is part of whatever a list shows; times in UTC."""

    search: str | None = None
    status: ScheduleStatus | None = None
    instance: str | None = None
    entity_type: str | None = None


ANY = ScheduleFilter()


class ScheduleList(Repository):
    """A tenant's schedules."""

    async def page(
        self,
        tenant: str,
        wanted: ScheduleFilter = ANY,
        *,
        limit: int | None = None,
        order: Order = BY_NAME,
    ) -> list[ScheduleView]:
        """Return schedules in an order, from where it begins; without a limit all."""
        where = Conditions(tenant)
        order.limit(where)
        where.add(_SEARCHED, wanted.search)
        where.add("v.status = {}", wanted.status and wanted.status.value)
        where.add("v.instance = {}", wanted.instance)
        where.add("v.entity_type = lower({})", wanted.entity_type)
        limited = f"order by {order} limit {where.bind(limit)}"
        sql = f"select * from ({_SHOWN}) v where {where} {limited}"
        return [_view(row) for row in await self._database.fetch(sql, *where.values)]

    async def get(self, tenant: str, name: str) -> ScheduleView:
        """Return a schedule. Raises NotFoundError."""
        select = f"{_SHOWN} and s.name = $2"
        row = await row_named(self._database, Kind.SCHEDULE, tenant, name, select=select)
        return _view(row)

    async def firings(
        self, tenant: str, name: str, limit: int = 25, before: datetime | None = None
    ) -> list[FiringView]:
        """Return the newest firings of a schedule, newest first. Raises NotFoundError."""
        schedule = await row_named(self._database, Kind.SCHEDULE, tenant, name)
        values = (schedule["id"], before, limit)
        return await fetch_structs(self._database, FiringView, _FIRINGS, *values)

    async def overdue(self, seconds: float) -> int:
        """Return how many slots, of any tenant, came so long ago and nobody has looked at them."""
        count: int = await self._database.fetchval(
            "select count(*) from schedules where next_at < now() - make_interval(secs => $1)",
            seconds,
        )
        return count


def _view(row: Row) -> ScheduleView:
    status = ScheduleStatus(row["status"])
    return struct_of(
        ScheduleView,
        row,
        cadence=cadence_of(Cron(row["cron"])),
        status_reason=row["why"] if status is ScheduleStatus.DEPENDENCY_INACTIVE else None,
        last_run=struct_of(FiringView, row) if row["slot"] else None,
        next_run=row["next_at"] if status is ScheduleStatus.ENABLED else None,
        etag=mark_of(row["changed_at"]),
    )
