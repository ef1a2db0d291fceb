"""Runs of hooks: waiting changes become a run's row, rows are published, the answers are stored.

Any number of schedulers may do this at once. A hook has one open run at most: what comes while it
runs waits, folded by record, for the next. A row is committed before its trigger is published, and
is published again until the trigger service has answered; the same run ID starts one run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from uuid6 import uuid7

from syncline.domain.hook.run import APART, GATHERED_FOR, HookRun
from syncline.domain.trigger import MAX_SOURCE_IDS
from syncline.postgres.database.database import Connection, Repository
from syncline.postgres.database.rows import struct_of

BITE = 100
"""Hooks or runs of one transaction."""
MOST_BYTES = 100_000
"""Of the source IDs of one run: written as JSON they fit into a trigger."""
LOOKED_AT = 20_000
"""Changes of one hook among which a run's records are sought, the oldest first."""
_DUE = """
select h.id, h.tenant from hooks h
where h.deleted_at is null
  and exists (select from hook_changes c where c.hook_id = h.id and c.run_id is null
              and c.at <= now() - $1::interval)
  and not exists (select from hook_runs r where r.hook_id = h.id
                  and (r.closed_at is null or r.at > now() - $2::interval))
limit $3 for no key update of h skip locked
"""
# Another scheduler may have looked at the hook in the moment before it was locked.
_OPEN = """
insert into hook_runs (run_id, hook_id, tenant, source_ids) values ($1, $2, $3, '{}')
on conflict (hook_id) where closed_at is null do nothing returning run_id
"""
_TAKE = """
with oldest as (
  select source_id, at from hook_changes where hook_id = $2 and run_id is null
  order by at limit $3
), sized as (
  select source_id, row_number() over w as number, sum(octet_length(source_id)) over w as size
  from (select source_id, min(at) as first from oldest group by source_id) d
  window w as (order by first, source_id)
), taken as (
  update hook_changes c set run_id = $1 from sized s
  where c.hook_id = $2 and c.run_id is null and c.source_id = s.source_id
    and s.number <= $4 and s.size <= $5 returning c.source_id
), counted as (select array_agg(distinct source_id) as ids, count(*) as changes from taken)
update hook_runs r set source_ids = coalesce(counted.ids, '{}') from counted where r.run_id = $1
returning cardinality(r.source_ids) as records, counted.changes
"""
# What was published and not answered for a while may be lost.
_TO_SEND = """
select r.run_id, r.tenant, h.name as hook, h.entity_type, i.name as instance, r.source_ids
from hook_runs r join hooks h on h.id = r.hook_id join instances i on i.id = h.instance_id
where r.closed_at is null and (r.sent_at is null or r.sent_at < now() - interval '30 s'
  and not exists (select from runs n where n.id = r.run_id))
order by r.at limit $1 for update of r skip locked
"""
_SENT = "update hook_runs set sent_at = now() where run_id = any($1)"
_CLOSE = """
update hook_runs o set closed_at = now(), reason = a.reason from (
  select h.run_id, x.reason from hook_runs h left join runs r on r.id = h.run_id
  left join refusals x on x.run_id = h.run_id and r.id is null
  where h.closed_at is null and (x.run_id is not null
    or r.state in ('succeeded', 'partial_success', 'failed', 'cancelled'))) a
where o.run_id = a.run_id and o.closed_at is null returning o.run_id
"""


class TakenChanges(msgspec.Struct, frozen=True):
    """What a new run has taken: so many records, of so many changes."""

    records: int
    changes: int


class HookRuns(Repository):
    """The runs of all hooks. Every method may raise RetriableError."""

    async def take(self) -> list[TakenChanges]:
        """Make a run of the waiting changes of each hook whose turn it is."""
        async with self._database.transaction() as connection:
            due = await connection.fetch(_DUE, GATHERED_FOR, APART, BITE)
            taken = [await _open(connection, hook["id"], hook["tenant"]) for hook in due]
        return [each for each in taken if each is not None]

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[list[HookRun]]:
        """Yield runs that no other scheduler publishes; they count as published at the end."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_TO_SEND, BITE)
            yield [struct_of(HookRun, row) for row in rows]
            await connection.execute(_SENT, [row["run_id"] for row in rows])

    async def close(self) -> int:
        """Close runs that have ended or were refused; return how many."""
        return len(await self._database.fetch(_CLOSE))


async def _open(connection: Connection, hook: str, tenant: str) -> TakenChanges | None:
    """Make the row of a hook's next run; None: another scheduler has done it."""
    run_id = str(uuid7())
    if await connection.fetchval(_OPEN, run_id, hook, tenant) is None:
        return None
    limits = (LOOKED_AT, MAX_SOURCE_IDS, MOST_BYTES)
    row = await connection.fetchrow(_TAKE, run_id, hook, *limits)
    assert row is not None
    if not row["records"]:  # taken meanwhile; without source IDs a run would read everything
        await connection.execute("delete from hook_runs where run_id = $1", run_id)
        return None
    return struct_of(TakenChanges, row)
