"""Incidents as rows: which streams fail for one cause, and since when.

Whoever changes a tenant's incidents holds its lock to the end of the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from syncline.contracts.alerts import Happening
from syncline.domain.notification.incident import Subject
from syncline.postgres.database.database import Connection, Database

# A stream stays in the incident that it is in, whatever its next failure says.
_KNOWN = """
update incident_streams set state = 'failing', data = $5 where tenant = $1 and instance = $2
  and entity_type = $3 and alert = $4 returning incident_id
"""
# One that was over begins anew; when its changes were told is kept.
_OPEN = """
insert into incidents as i (tenant, cause, system, begun_at, since) values ($1, $2, $3, $4, $4)
on conflict (tenant, cause) do update set closed_at = null, system = excluded.system,
  told = case when i.closed_at is null then i.told else '' end,
  told_at = case when i.closed_at is null then i.told_at end,
  begun_at = case when i.closed_at is null then i.begun_at else excluded.begun_at end,
  since = case when i.closed_at is null then i.since else excluded.since end
returning id
"""
_JOIN = """
insert into incident_streams (incident_id, tenant, instance, entity_type, alert, data)
values ($1, $2, $3, $4, $5, $6)
"""
_CLEAR = """
update incident_streams set state = case when $4 then 'well' else 'idle' end,
  data = case when $4 then $5 else data end
where tenant = $1 and instance = $2 and entity_type = $3
  and (state = 'failing' or $4 and state = 'idle') returning incident_id
"""
_IN_INCIDENTS = """
select distinct tenant, instance, entity_type from incident_streams
join unnest($1::text[], $2::text[], $3::text[]) as s(tenant, instance, entity_type)
  using (tenant, instance, entity_type)
"""
# Since when incidents fail, or do not; they are due now.
_SINCE = """
update incidents set due_at = $3, fails = $2,
  since = case when fails is distinct from $2 then $3 else since end where id = $1
"""
_FAILING = """
select i.id, exists (select from incident_streams s
  where s.incident_id = i.id and s.state = 'failing') as fails
from incidents i where i.id = any($1)
"""


async def lock_incidents(connection: Connection, tenant: str) -> None:
    """Lock a tenant's incidents until this transaction ends."""
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('incidents ' || $1, 0))", tenant
    )


async def due_tenants(database: Database, now: datetime) -> list[str]:
    """Name the tenants that have incidents to be looked at."""
    rows = await database.fetch(
        "select distinct tenant from incidents where due_at <= $1 order by 1", now
    )
    return [row["tenant"] for row in rows]


async def note_happenings(
    connection: Connection, happenings: Sequence[Happening], now: datetime
) -> list[str]:
    """Store what happened to subjects, in order; return the tenants to be decided on now."""
    rows = await connection.fetch(_IN_INCIDENTS, *columns_of({h.subject for h in happenings}))
    known = {Subject(*row) for row in rows} | {h.subject for h in happenings if h.alert is not None}
    wanted = [happening for happening in happenings if happening.subject in known]
    tenants = sorted({happening.subject.tenant for happening in wanted})
    for tenant in tenants:
        await lock_incidents(connection, tenant)
    for happening in wanted:
        touched = await _take(connection, happening, now)
        await connection.executemany(_SINCE, [(id_, fails, now) for id_, fails in touched.items()])
    return tenants


def columns_of(subjects: Iterable[Subject]) -> list[Sequence[str]]:
    """Return tenants, instances and entity types, as `unnest` takes them."""
    rows = [msgspec.structs.astuple(subject) for subject in subjects]
    return list(zip(*rows, strict=True)) or [[], [], []]


async def _take(connection: Connection, happening: Happening, now: datetime) -> dict[str, bool]:
    """Note one happening; return the incidents that it touches, each with whether it fails now."""
    subject, data = happening.subject, msgspec.to_builtins(happening.data)
    key = msgspec.structs.astuple(subject)
    if happening.alert is None:
        rows = await connection.fetch(_CLEAR, *key, happening.proven, data)
        fails = await connection.fetch(_FAILING, [row["incident_id"] for row in rows])
        return {row["id"]: row["fails"] for row in fails}
    alert = str(happening.alert)
    known = await connection.fetch(_KNOWN, *key, alert, data)
    if known:
        return dict.fromkeys((row["incident_id"] for row in known), True)
    cause = happening.cause
    incident = await connection.fetchval(_OPEN, subject.tenant, cause.key[:1000], cause.system, now)
    await connection.execute(_JOIN, incident, *key, alert, data)
    return {incident: True}
