"""What receivers of webhooks get: one CloudEvent a state change, the same on every attempt."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.contracts.events import CloudEvent
from syncline.contracts.messages import encode
from syncline.domain.alerts import Alert, Subject

SOURCE = "/syncline/notifier"


class AlertData(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    """What happened; data of every notification. What does not apply is left out.

    Attributes:
        alert: run_failed, partial_success, dlq_growth, recovered or test.
        instance, entity_type: what it is about; dead letters are counted over all entity types.
        recovered_from: the alerts that are over.
        correlation_id: names the run that changed the state.
        state, mode, trigger, reason, total, success, skipped, failed: the run as it ended.
        pending: dead letters of the instance that wait for a person.
        threshold: the number of them that is too many.
        link: the page of the console that shows more.
    """

    alert: str
    tenant: str
    instance: str | None = None
    entity_type: str | None = None
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


class StateChange(msgspec.Struct, frozen=True):
    """Something to tell.

    Attributes:
        wanted_as: who subscribed to any of these is told.
    """

    subject: Subject
    alert: Alert
    wanted_as: tuple[Alert, ...]
    at: datetime
    data: AlertData


def alert_event(id_: str, at: datetime, data: AlertData) -> bytes:
    """Encode a notification as its receivers get it."""
    type_ = f"syncline.alert.{data.alert}.v1"
    subject = "/".join(filter(None, (data.instance, data.entity_type))) or data.tenant
    return encode(CloudEvent(id_, SOURCE, type_, at, subject, data))
