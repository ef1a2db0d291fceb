"""Firings: due slots become rows, rows are published as triggers, and the answers are stored.

Any number of schedulers may do this at once: a row that one works on is locked and skipped by the
others, and the key of a firing lets each slot exist once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from syncline.domain.schedule.firing import (
    DueSchedule,
    FiringResult,
    NewFiring,
    ScheduleUpdate,
    UnpublishedFiring,
)
from syncline.postgres.database.database import Connection, Repository
from syncline.postgres.database.rows import struct_of

BITE = 100
"""Schedules or firings of one transaction."""

_DUE = """
select s.id, s.tenant, s.name, s.entity_type, s.cron, s.timezone, s.next_at,
  i.enabled and p.active and t.active and coalesce(not x.removed, false) as able,
  greatest(s.changed_at, i.changed_at, p.changed_at, t.changed_at) as able_since
from schedules s join instances i on i.id = s.instance_id
join profiles p on p.id = i.source_id join profiles t on t.id = i.target_id
left join streams x on x.instance_id = s.instance_id and x.entity_type = s.entity_type
where s.next_at <= $1 order by s.next_at limit $2 for update of s skip locked
"""
_NOTE = """
insert into firings (schedule_id, slot, tenant, run_id, kind, actor, result, reason, settled_at)
select $1, u.slot, $2, u.run_id, u.kind, u.actor, u.result, u.reason,
  case when u.result = 'missed' then now() end
from unnest($3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[])
  as u(slot, run_id, kind, actor, result, reason)
on conflict (schedule_id, slot) do nothing returning slot
"""

# Of the slots of one schedule that could not be published, only the newest is still worth it.
_GIVE_UP = """
update firings f set result = 'missed', reason = $2 from (
  select d.schedule_id, d.slot from firings d
  where d.settled_at is null and d.result = 'due' and (d.slot < $1 or (d.kind <> 'manual'
    and exists (select from firings n where n.schedule_id = d.schedule_id and n.slot > d.slot
                and n.settled_at is null and n.result = 'due' and n.kind <> 'manual')))
  for update skip locked) old
where f.schedule_id = old.schedule_id and f.slot = old.slot returning 1
"""
_TO_SEND = """
select f.schedule_id as schedule, f.slot, f.tenant, f.run_id, f.kind, f.actor, s.entity_type,
  i.name as instance
from firings f join schedules s on s.id = f.schedule_id join instances i on i.id = s.instance_id
where f.settled_at is null and f.result = 'due' and s.deleted_at is null
  and (f.kind <> 'manual' or f.noted_at < now() - interval '10 s')  -- published by who asked
order by f.slot limit $1
for update of f skip locked
"""
_SENT = """
update firings set result = 'sent' where (schedule_id, slot) in
  (select * from unnest($1::uuid[], $2::timestamptz[]))
"""

# What was given up stays open for a day: its message may have reached the broker all the same.
_SETTLE = """
update firings f set settled_at = now(), reason = a.reason, result = a.result from (
  select o.schedule_id, o.slot,
    case when r.id is not null then 'fired' when x.conflict then 'skipped'
         when x.run_id is not null then 'refused' else o.result end as result,
    case when r.id is not null then null else coalesce(x.reason, o.reason) end as reason
  from firings o left join runs r on r.id = o.run_id left join refusals x on x.run_id = o.run_id
  where o.settled_at is null and (r.id is not null or x.run_id is not null
    or (o.result = 'missed' and o.slot < $2)) order by o.slot limit $1) a
where f.schedule_id = a.schedule_id and f.slot = a.slot and f.settled_at is null
returning f.result
"""


class Firings(Repository):
    """The firings of all schedules."""

    async def take(
        self, now: datetime, decide: Callable[[DueSchedule], ScheduleUpdate]
    ) -> list[NewFiring]:
        """Make firings of the slots that are due, in one transaction; return those that are new."""
        new: list[NewFiring] = []
        async with self._database.transaction() as connection:
            for row in await connection.fetch(_DUE, now, BITE):
                coming = struct_of(DueSchedule, row)
                next_at, noted = decide(coming)
                new += await _note(connection, coming, noted)
                await connection.execute(
                    "update schedules set next_at = $2 where id = $1", row["id"], next_at
                )
        return new

    async def give_up(self, older_than: datetime, reason: str) -> int:
        """Note unpublished slots as missed when they are too old or a newer one waits."""
        async with self._database.connection() as connection:
            return len(await connection.fetch(_GIVE_UP, older_than, reason))

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[list[UnpublishedFiring]]:
        """Yield firings that no other scheduler publishes; they count as published at the end."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_TO_SEND, BITE)
            yield [struct_of(UnpublishedFiring, row) for row in rows]
            ids, slots = [r["schedule"] for r in rows], [r["slot"] for r in rows]
            await connection.execute(_SENT, ids, slots)

    async def settle(self, final_before: datetime) -> list[FiringResult]:
        """Store what the trigger service answered and return it; older missed slots stay missed."""
        rows = await self._database.fetch(_SETTLE, BITE, final_before)
        return [FiringResult(row["result"]) for row in rows]


def _columns(firing: NewFiring) -> tuple[object, ...]:
    kind, result = firing.kind.value, firing.result.value
    return firing.slot, firing.run_id, kind, firing.actor, result, firing.reason


async def _note(
    connection: Connection, coming: DueSchedule, noted: Sequence[NewFiring]
) -> list[NewFiring]:
    """Keep firings and return those that were not there before."""
    if not noted:
        return []
    columns = zip(*(_columns(firing) for firing in noted), strict=True)
    rows = await connection.fetch(_NOTE, coming.id, coming.tenant, *columns)
    new = {row["slot"] for row in rows}
    return [firing for firing in noted if firing.slot in new]
