"""Profiles that do not answer, as alerts: one for each instance that has such a profile.

The incident of a profile is that of its breaker, so that people are notified once of an outage that
lasts, whatever number of instances waits for it. docs/decisions/0066.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.contracts.alerts import AlertData, Happening
from syncline.domain.breaker import waiting_reason
from syncline.domain.notification.incident import Alert, Cause, Subject
from syncline.postgres.database.database import Connection
from syncline.postgres.database.rows import fetch_structs

_OPEN = """
select i.tenant, i.name as instance, 'breaker/' || p.id as cause, p.name as system, b.reason,
  b.opened_at
from profile_breakers b join profiles p on p.id = b.profile_id
join instances i on p.id in (i.source_id, i.target_id) and i.deleted_at is null
where b.closed_at is null order by p.name, i.name
"""
_NOTED = """
select s.tenant, s.instance, i.cause from incident_streams s
join incidents i on i.id = s.incident_id where s.alert = $1 and s.state = 'failing'
order by i.cause, s.instance
"""


class _Noted(msgspec.Struct, frozen=True):
    tenant: str
    instance: str
    cause: str


class _Away(msgspec.Struct, frozen=True):
    tenant: str
    instance: str
    cause: str
    system: str
    reason: str
    opened_at: datetime


async def breaker_happenings(connection: Connection) -> list[Happening]:
    """Return what has changed: instances that wait for a profile now, and those that do no more."""
    away = await fetch_structs(connection, _Away, _OPEN)
    noted = await fetch_structs(connection, _Noted, _NOTED, str(Alert.SYSTEM_AWAY))
    open_now = {_Noted(one.tenant, one.instance, one.cause) for one in away}
    new = [one for one in away if _Noted(one.tenant, one.instance, one.cause) not in set(noted)]
    over = [one for one in noted if one not in open_now]
    return [*map(_begun, new), *map(_ended, over)]


def _begun(away: _Away) -> Happening:
    reason = waiting_reason(away.system, away.opened_at, away.reason)
    data = AlertData(
        alert=str(Alert.SYSTEM_AWAY),
        tenant=away.tenant,
        instance=away.instance,
        reason=reason,
        started_at=away.opened_at.isoformat(),
    )
    cause = Cause(away.cause, away.system, reason)
    return Happening(
        Subject(away.tenant, away.instance), Alert.SYSTEM_AWAY, data, cause=cause, by_cause=True
    )


def _ended(noted: _Noted) -> Happening:
    """The test of the profile has passed, which proves it."""
    data = AlertData(alert=str(Alert.RECOVERED), tenant=noted.tenant, instance=noted.instance)
    subject, cause = Subject(noted.tenant, noted.instance), Cause(noted.cause)
    return Happening(subject, None, data, proven=True, cause=cause, by_cause=True)
