"""Queued runs whose turn has come: they start, are refused as something is off, or end."""

from __future__ import annotations

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.run import Run
from syncline.postgres.configuration.streams import switched_off
from syncline.postgres.database.database import Repository, Row
from syncline.postgres.runs.run_row import SELECT, run_of

REFUSED = "refused"
"""Code of the failure of a run that did not start when its turn came."""

# Everything that the run would use is switched on.
MAY_START = """exists (
  select from instances i, profiles s, profiles t, streams st
  where i.id = {run}.instance_id and s.id = {run}.source_id and t.id = {run}.target_id
    and st.id = {run}.stream_id and i.enabled and s.active and t.active and not st.removed)"""

# A queued run's turn comes when its stream has no active run and no older queued one.
_ITS_TURN = """r.state = 'queued' and not r.extracted
  and r.cancel_requested_at is null and r.paused_at is null
  and not exists (select from runs a where a.stream_id = r.stream_id
                  and a.state in ('extracting', 'in_progress'))
  and not exists (select from runs q where q.stream_id = r.stream_id and q.state = 'queued'
                  and (q.created_at, q.id) < (r.created_at, r.id))"""

# One that was sent a while ago and did not start is sent again: starting twice changes nothing.
# Likewise one that was paused and has to be read on: no process reads its source. So the claim need
# not wait for the disk; where it is lost, the run is sent again.
_DISPATCHABLE = f"""
update runs set dispatched_at = now() where id in (
  select r.id from runs r
  where (r.dispatched_at is null or r.dispatched_at < now() - interval '10 s')
    and (r.read_on or {_ITS_TURN} and {MAY_START.format(run="r")})
  order by r.created_at limit 100)
returning id, tenant, set_config('synchronous_commit', 'off', true)
"""

_SWITCHED_OFF = f"""
select r.id, r.entity_type, i.name, i.enabled, st.removed, s.active as source_active,
  s.name as source_name, t.active as target_active, t.name as target_name
from runs r join instances i on i.id = r.instance_id join streams st on st.id = r.stream_id
join profiles s on s.id = r.source_id join profiles t on t.id = r.target_id
where {_ITS_TURN} and not {MAY_START.format(run="r")}
order by r.created_at limit 100 for update of r skip locked
"""

_REFUSE = """
update runs set extracted = true, extracted_at = now(), failure = $2, status_seq = status_seq + 1
where id = $1
"""
_END_CANCELLED = """
update runs set extracted = true, extracted_at = coalesce(extracted_at, now())
where state = 'queued' and cancel_requested_at is not null
"""


class QueuedRuns(Repository):
    """Every method may raise RetriableError."""

    async def claim_dispatchable(self) -> list[tuple[str, str]]:
        """Claim queued runs that may start now, as (correlation ID, tenant)."""
        rows = await self._database.fetch(_DISPATCHABLE)
        return [(row["id"], row["tenant"]) for row in rows]

    async def refuse_switched_off(self) -> list[Run]:
        """Refuse runs whose turn has come and whose instance or profile is switched off.

        Finalize ends them as failed when it hears of them; until then they are returned again.
        """
        async with self._database.transaction() as connection:
            for row in await connection.fetch(_SWITCHED_OFF):
                message = f"its turn came, but {_why(row)}"
                failure = Failure(Category.PERMANENT, REFUSED, message)
                await connection.execute(_REFUSE, row["id"], msgspec.to_builtins(failure))
        return await self._queued(f"r.failure->>'code' = '{REFUSED}'")

    async def end_cancelled(self) -> list[Run]:
        """Return runs that were cancelled before they began, and keep them from beginning.

        Finalize ends them when it hears of them; until then they are returned again.
        """
        await self._database.execute(_END_CANCELLED)
        return await self._queued("r.cancel_requested_at is not null")

    async def _queued(self, condition: str) -> list[Run]:
        where = f"where r.state = 'queued' and r.extracted and {condition}"
        return [run_of(row) for row in await self._database.fetch(f"{SELECT} {where}")]


def _why(row: Row) -> str:
    if row["removed"]:
        return f"instance {row['name']!r} has no entity type {row['entity_type']!r} any more"
    return switched_off(row) or "something it needs is switched off"
