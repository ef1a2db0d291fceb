"""What receivers of webhooks get: a CloudEvent for each change, the same on every attempt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.contracts.events import CloudEvent
from syncline.contracts.messages import encode
from syncline.domain.notification.incident import Alert, Announcement, Cause, Subject

SOURCE = "/syncline/notifier"


class AlertStream(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """One of several streams that a notification is about."""

    instance: str
    entity_type: str | None = None
    alert: str
    correlation_id: str | None = None
    reason: str | None = None


class AlertData(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What happened; data of every notification. Fields that do not apply are left out.

    Attributes:
        alert: run_failed, needs_attention, system_away, partial_success, dlq_growth, not_synced,
            schedule_missed, profile_waiting, recovered, flapping or test.
        instance, entity_type: what it is about; dead letters are counted over all entity types.
            Left out when it is about several streams.
        system: the connection profile, or mapping, that their failures have in common.
        count: how many streams it is about, if there are several.
        streams: the first 100 of them.
        failing: of a flapping incident, whether it fails right now.
        recovered_from: the alerts that are over.
        correlation_id: names the run that changed the state.
        state, mode, trigger, reason, total, success, skipped, failed: of that run at its end, or
            when it began to need attention.
        pending: dead letters of the instance that wait for a person.
        threshold: the number of them at which the alert is sent.
        link: the page of the console that shows more.
    """

    alert: str
    tenant: str
    instance: str | None = None
    entity_type: str | None = None
    system: str | None = None
    count: int | None = None
    streams: list[AlertStream] | None = None
    failing: bool | None = None
    recovered_from: list[str] | None = None
    correlation_id: str | None = None
    state: str | None = None
    mode: str | None = None
    trigger: str | None = None
    reason: str | None = None
    total: int | None = None
    success: int | None = None
    skipped: int | None = None
    failed: int | None = None
    started_at: str | None = None
    finished_at: str | None = None
    pending: int | None = None
    threshold: int | None = None
    link: str | None = None


LISTED = 100
"""Most streams that one notification names."""
_WORST = (
    Alert.RUN_FAILED,
    Alert.NEEDS_ATTENTION,
    Alert.SYSTEM_AWAY,
    Alert.PROFILE_WAITING,
    Alert.NOT_SYNCED,
    Alert.SCHEDULE_MISSED,
    Alert.PARTIAL_SUCCESS,
    Alert.DLQ_GROWTH,
)


class Happening(msgspec.Struct, frozen=True):
    """What a run, the number of dead letters, or a circuit breaker means for its subject.

    Attributes:
        alert: how the subject fails; None if it does not.
        proven: a run that read records has shown that it does not fail.
        cause: why it fails.
        by_cause: it is about this cause alone: an instance has two profiles, and both may be away.
    """

    subject: Subject
    alert: Alert | None
    data: AlertData
    proven: bool = False
    cause: Cause = Cause("")
    by_cause: bool = False


class Member(msgspec.Struct, frozen=True):
    """A subject in an incident, and the data of its newest run."""

    subject: Subject
    alert: Alert
    data: AlertData


def message_of(
    what: Announcement, members: Sequence[Member], system: str | None, at: datetime
) -> AlertData:
    """Make the data of a notification about members of an incident: one, or several with a list."""
    over = sorted({str(member.alert) for member in members})
    worst = next(alert for alert in _WORST if str(alert) in over)
    alert = {Announcement.RECOVERED: Alert.RECOVERED, Announcement.FLAPPING: Alert.FLAPPING}.get(
        what, worst
    )
    subjects = {member.subject for member in members}
    ends = what is not Announcement.FAILING
    if len(subjects) == 1:
        one = next(m for m in members if ends or m.alert is worst)
        return msgspec.structs.replace(
            one.data, alert=str(alert), system=system, recovered_from=over if ends else None
        )
    reasons = (member.data.reason for member in members if member.data.reason)
    return AlertData(
        alert=str(alert),
        tenant=members[0].subject.tenant,
        system=system,
        count=len(subjects),
        streams=[
            AlertStream(
                instance=member.subject.instance,
                entity_type=member.subject.entity_type or None,
                alert=str(member.alert),
                correlation_id=member.data.correlation_id,
                reason=member.data.reason,
            )
            for member in members[:LISTED]
        ],
        reason=None if what is Announcement.RECOVERED else next(reasons, None),
        recovered_from=over if ends else None,
        finished_at=at.isoformat(),
    )


def alert_event(id_: str, at: datetime, data: AlertData) -> bytes:
    """Encode a notification for its receivers."""
    type_ = f"syncline.alert.{data.alert}.v1"
    stream = "/".join(filter(None, (data.instance, data.entity_type)))
    subject = stream or data.system or data.tenant
    return encode(CloudEvent(id_, SOURCE, type_, at, subject, data))
