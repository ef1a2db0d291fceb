"""What has not happened for a time, as alerts: streams not synced, schedules missed, runs waiting.

What holds now is compared with the incidents that are open, so that restarts and several processes
notify nothing twice. Thresholds are those of subscriptions that are on: each has an incident of its
own, whose cause begins with the event (`not_synced:24`).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.contracts.alerts import AlertData, Happening
from syncline.domain.notification.incident import OVERDUE, Alert, Cause, Subject
from syncline.postgres.database.database import Connection
from syncline.postgres.database.rows import fetch_structs

_WANTED = """
with wanted as (
  select distinct tenant, e as event, split_part(e, ':', 1) as alert,
    nullif(split_part(e, ':', 2), '')::int as n
  from subscriptions, unnest(events) e where active)
"""
# A run that wrote a part has synced; an instance that is off need not, and a new one has time.
_NOT_SYNCED = """
select w.tenant, i.name as instance, s.entity_type, w.alert, w.event as cause, null as system,
  coalesce(last.at, i.changed_at) as since,
  case when last.at is null then 'never synced' else 'not synced' end as words
from wanted w join instances i on i.tenant = w.tenant and i.enabled and i.deleted_at is null
join streams s on s.instance_id = i.id and not s.removed
left join lateral (select r.finished_at as at from runs r
  where r.stream_id = s.id and r.state in ('succeeded', 'partial_success')
  order by r.created_at desc limit 1) last on true
where w.alert = 'not_synced'
  and coalesce(last.at, i.changed_at) < $1::timestamptz - make_interval(hours => w.n)
"""
# Nobody looked at a slot for five minutes; or the newest slot was noted as missed.
_MISSED = """
select w.tenant, i.name as instance, c.entity_type, w.alert, w.event || '/' || c.id as cause,
  c.name as system, coalesce(late.next_at, f.slot) as since,
  'missed its slot' as words
from wanted w join schedules c on c.tenant = w.tenant and c.enabled and c.deleted_at is null
join instances i on i.id = c.instance_id and i.enabled and i.deleted_at is null
left join lateral (select c.next_at
  where c.next_at < $1::timestamptz - interval '5 minutes') late on true
left join lateral (select slot, result from firings where schedule_id = c.id and kind <> 'manual'
  order by slot desc limit 1) f on true
where w.alert = 'schedule_missed' and (late.next_at is not null or f.result = 'missed')
"""
# A run that a person paused waits for that person.
_WAITING = """
select distinct on (w.tenant, i.name, r.entity_type, w.event, p.id)
  w.tenant, i.name as instance, r.entity_type, w.alert, w.event || '/' || p.id as cause,
  p.name as system, r.progressed_at as since, 'waits for ' || p.name as words
from wanted w join runs r on r.tenant = w.tenant
  and r.state in ('extracting', 'in_progress') and r.paused_at is null
join instances i on i.id = r.instance_id
join profiles p on p.id in (r.source_id, r.target_id)
left join profile_breakers b on b.profile_id = p.id and b.closed_at is null
left join profile_pauses q on q.profile_id = p.id
  and q.until > $1::timestamptz - interval '1 minute'
where w.alert = 'profile_waiting' and (b.profile_id is not null or q.profile_id is not null)
  and r.progressed_at < $1::timestamptz - make_interval(mins => w.n)
order by w.tenant, i.name, r.entity_type, w.event, p.id, r.progressed_at
"""
_NOTED = """
select s.tenant, s.instance, s.entity_type, s.alert, i.cause from incident_streams s
join incidents i on i.id = s.incident_id where s.alert = any($1) and s.state = 'failing'
order by i.cause, s.instance, s.entity_type
"""


class _Noted(msgspec.Struct, frozen=True):
    tenant: str
    instance: str
    entity_type: str
    alert: str
    cause: str


class _Overdue(msgspec.Struct, frozen=True):
    tenant: str
    instance: str
    entity_type: str
    alert: str
    cause: str
    system: str | None
    since: datetime
    words: str

    @property
    def noted(self) -> _Noted:
        return _Noted(self.tenant, self.instance, self.entity_type, self.alert, self.cause)


async def overdue_happenings(connection: Connection, now: datetime) -> list[Happening]:
    """Return what has become overdue, and what is so no more."""
    found: list[_Overdue] = []
    for sql in (_NOT_SYNCED, _MISSED, _WAITING):
        found += await fetch_structs(connection, _Overdue, _WANTED + sql, now)
    noted = await fetch_structs(connection, _Noted, _NOTED, [str(alert) for alert in OVERDUE])
    known, overdue = set(noted), {one.noted for one in found}
    begun = [one for one in found if one.noted not in known]
    return [*map(_begun, begun), *(_ended(one) for one in noted if one not in overdue)]


def _begun(one: _Overdue) -> Happening:
    reason = f"{one.words} since {one.since:%Y-%m-%d %H:%M} UTC"
    if one.alert == Alert.SCHEDULE_MISSED:
        reason = f"schedule {one.system} {one.words} of {one.since:%Y-%m-%d %H:%M} UTC"
    data = AlertData(
        alert=one.alert,
        tenant=one.tenant,
        instance=one.instance,
        entity_type=one.entity_type,
        reason=reason,
    )
    subject = Subject(one.tenant, one.instance, one.entity_type)
    cause = Cause(one.cause, one.system, reason)
    return Happening(subject, Alert(one.alert), data, cause=cause, by_cause=True)


def _ended(noted: _Noted) -> Happening:
    """It has happened, or nobody wants to know any more: what was told is over."""
    data = AlertData(
        alert=str(Alert.RECOVERED),
        tenant=noted.tenant,
        instance=noted.instance,
        entity_type=noted.entity_type,
    )
    subject = Subject(noted.tenant, noted.instance, noted.entity_type)
    return Happening(subject, None, data, proven=True, cause=Cause(noted.cause), by_cause=True)
