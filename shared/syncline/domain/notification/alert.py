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
    FLAPPING = "flapping"
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


class Cause(msgspec.Struct, frozen=True):
    """Why a run failed, as far as it tells alike failures.

    Attributes:
        key: the system at fault, and the failure without what belongs to a run.
        system: name of that connection profile, or mapping.
        words: in the words of what failed.
    """

    key: str
    system: str | None = None
    words: str | None = None


class AlertState(msgspec.Struct, frozen=True):
    """How a subject stands.

    Attributes:
        open: how it fails since it was last well.
        judged_at: end of the newest run that was counted; older ones say nothing new.
    """

    open: tuple[Alert, ...] = ()
    judged_at: datetime | None = None
