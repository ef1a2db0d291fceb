"""Alerts as the notifier decides them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from syncline.contracts.alerts import AlertData, Happening
from syncline.domain.notification.incident import Alert, AlertTiming, Cause, Subject
from syncline.postgres.database.database import Database
from syncline.postgres.notifications.alert_states import Alerting, AlertVerdict


async def raise_alert(db: Database, at: datetime | None = None) -> None:
    """Let a run of `erp-shop` fail for a reason of its own, so that its subscribers are told."""
    subject = Subject("default", "erp-shop", "item")
    data = AlertData(alert="run_failed", tenant="default", instance="erp-shop")
    at = at or datetime.now(UTC)  # noqa: TID251 - compared with the database's clock
    happening = Happening(subject, Alert.RUN_FAILED, data, cause=Cause(str(uuid4())))
    await db.execute("delete from incident_streams")
    alerting = Alerting(db, AlertTiming(window=0))
    await alerting.decide([subject], [], lambda states, _: AlertVerdict(states, [happening]), at)
