"""What people are told of: a stream that begins to fail, letters that pile up, and recovery."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Alert(StrEnum):
    """What a notification tells."""

    RUN_FAILED = "run_failed"
    PARTIAL_SUCCESS = "partial_success"
    DLQ_GROWTH = "dlq_growth"
    RECOVERED = "recovered"
    TEST = "test"

    @property
    def label(self) -> str:
        """As people read it."""
        return "DLQ growth" if self is Alert.DLQ_GROWTH else self.replace("_", " ").capitalize()


SUBSCRIBED = (Alert.RUN_FAILED, Alert.PARTIAL_SUCCESS, Alert.DLQ_GROWTH)
"""What one may ask to be told of; the recovery of each comes with it."""


class Subject(msgspec.Struct, frozen=True, order=True):
    """What an alert is about: a stream, or the dead letters of an instance (no entity type)."""

    tenant: str
    instance: str
    entity_type: str = ""


class AlertState(msgspec.Struct, frozen=True):
    """How a subject stands.

    Attributes:
        open: what was told since it was last well; nothing is told twice before it recovers.
        judged_at: end of the newest run that was counted; older ones say nothing new.
    """

    open: tuple[Alert, ...] = ()
    judged_at: datetime | None = None
