"""Incidents as rows: which streams fail for one cause, since when, and the messages about them.

A message is one for all subscriptions that get the same, with its deliveries. Whoever changes a
tenant's incidents holds its lock to the end of the transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from uuid6 import uuid7

from syncline.contracts.alerts import AlertData, Happening, Member, message_of
from syncline.domain.notification.incident import (
    OVERDUE,
    Alert,
    AlertTiming,
    Announcement,
    Incident,
    IncidentDecision,
    Subject,
    decide_incident,
)
from syncline.postgres.database.database import Connection, Database, Row
from syncline.postgres.database.rows import struct_of

_OF_THE_TIME = "'{" + ",".join((Alert.SYSTEM_AWAY, *OVERDUE)) + "}'"
"""Alerts that no run ends."""
_OF_CAUSE = "incident_id = (select id from incidents where tenant = $1 and cause = $6)"
# A stream stays in the incident that it is in, whatever its next failure says.
_KNOWN = f"""
update incident_streams set state = 'failing', data = $5 where tenant = $1 and instance = $2
  and entity_type = $3 and alert = $4 and ($6::text is null or {_OF_CAUSE}) returning incident_id
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
_CLEAR = f"""
update incident_streams set state = case when $4 then 'well' else 'idle' end,
  data = case when $4 then $5 else data end
where tenant = $1 and instance = $2 and entity_type = $3
  and (state = 'failing' or $4 and state = 'idle')
  and case when $6::text is null then alert <> all({_OF_THE_TIME}) else {_OF_CAUSE} end
returning incident_id
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
_DUE = """
select * from incidents where tenant = $1 and due_at <= $2 and closed_at is null order by cause
"""
_TOLD_TO = """
select distinct d.subscription_id from notifications n join deliveries d on d.notification_id = n.id
where n.incident_id = $1 and n.at >= $2 and d.state <> 'given_up'
"""
_KEEP = """
update incidents set told = $2, due_at = $3, changes = $4, closed_at = $5,
  told_at = case when $6 then $7 else told_at end where id = $1
"""
_INSERT = """
insert into notifications (id, tenant, event, instance, entity_type, at, data, incident_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_DELIVER = """
insert into deliveries (id, tenant, subscription_id, notification_id)
select gen_random_uuid(), $1, s, $2 from unnest($3::uuid[]) s
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
    key, cause = msgspec.structs.astuple(subject), happening.cause
    only = cause.key if happening.by_cause else None
    if happening.alert is None:
        rows = await connection.fetch(_CLEAR, *key, happening.proven, data, only)
        fails = await connection.fetch(_FAILING, [row["incident_id"] for row in rows])
        return {row["id"]: row["fails"] for row in fails}
    alert = str(happening.alert)
    known = await connection.fetch(_KNOWN, *key, alert, data, only)
    if known:
        return dict.fromkeys((row["incident_id"] for row in known), True)
    incident = await connection.fetchval(_OPEN, subject.tenant, cause.key[:1000], cause.system, now)
    await connection.execute(_JOIN, incident, *key, alert, data)
    return {incident: True}


class Message(msgspec.Struct, frozen=True):
    """A notification, and how many subscriptions get it."""

    data: AlertData
    subscriptions: int


async def queue_due_messages(
    connection: Connection, tenant: str, now: datetime, pace: AlertTiming
) -> list[Message]:
    """Decide on the incidents that are due, and queue the messages about them."""
    await lock_incidents(connection, tenant)
    messages: list[Message] = []
    for row in await connection.fetch(_DUE, tenant, now):
        streams = await connection.fetch(
            "select * from incident_streams where incident_id = $1 order by instance, entity_type",
            row["id"],
        )
        step = decide_incident(_incident(row, streams), now, pace)
        if step.tell is not None:
            messages += await _told(connection, row, streams, step.tell, now)
        await _keep(connection, row["id"], step, now)
    return messages


def _incident(row: Row, streams: Sequence[Row]) -> Incident:
    failing = [stream for stream in streams if stream["state"] == "failing"]
    return struct_of(
        Incident,
        row,
        failing=len(failing),
        untold=sum(not stream["told"] for stream in failing),
        proven=any(stream["state"] == "well" for stream in streams),
    )


async def _keep(
    connection: Connection, incident: str, step: IncidentDecision, now: datetime
) -> None:
    closed_at = now if step.closed else None
    stands = (str(step.told), step.due_at, list(step.changes), closed_at)
    await connection.execute(_KEEP, incident, *stands, step.tell is not None, now)
    if step.closed:
        await connection.execute("delete from incident_streams where incident_id = $1", incident)
    elif step.tell is not None:
        await connection.execute(
            "update incident_streams set told = true where incident_id = $1", incident
        )


async def _told(
    connection: Connection, row: Row, streams: Sequence[Row], what: Announcement, now: datetime
) -> list[Message]:
    subscriptions = await connection.fetch(
        "select id, events, instances from subscriptions where tenant = $1 and active order by id",
        row["tenant"],
    )
    fails = any(stream["state"] == "failing" for stream in streams)
    if what is Announcement.RECOVERED:
        told = await connection.fetch(_TOLD_TO, row["id"], row["begun_at"])
        known = {each["subscription_id"] for each in told}
        subscriptions = [each for each in subscriptions if each["id"] in known]
    shown = [s for s in streams if s["state"] == "failing"] if fails else streams
    messages = []
    candidates = [struct_of(Member, s, subject=struct_of(Subject, s)) for s in shown]
    for members, several in _by_sight(subscriptions, candidates, row["cause"]):
        data = message_of(what, members, row["system"], now)
        if what is Announcement.FLAPPING:
            data = msgspec.structs.replace(data, failing=fails)
        await _queue(connection, row, data, several, now)
        messages.append(Message(data, len(several)))
    return messages


def _by_sight(
    subscriptions: Sequence[Row], members: Sequence[Member], cause: str
) -> list[tuple[list[Member], list[str]]]:
    """Group subscriptions by the members that each wants to be told of; none: it is left out."""
    seen: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for each in subscriptions:
        wanted = tuple(
            place
            for place, member in enumerate(members)
            if member.alert.event(cause) in each["events"]
            and (not each["instances"] or member.subject.instance in each["instances"])
        )
        if wanted:
            seen[wanted].append(each["id"])
    return [([members[place] for place in places], ids) for places, ids in seen.items()]


async def _queue(
    connection: Connection, row: Row, data: AlertData, subscriptions: Sequence[str], now: datetime
) -> None:
    """Store a notification and its deliveries."""
    id_, tenant = str(uuid7()), row["tenant"]
    several = f"{data.system}: {data.count} streams" if data.system else f"{data.count} streams"
    about = (data.alert, data.instance or several, data.entity_type or "")
    plain = msgspec.to_builtins(data)
    await connection.execute(_INSERT, id_, tenant, *about, now, plain, row["id"])
    await connection.execute(_DELIVER, tenant, id_, list(subscriptions))
