"""Firings: their kinds, results, run IDs and triggers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

from syncline.domain.record import JsonObject
from syncline.domain.run import Overlap

_NAMESPACE = UUID("6f1d7a52-0c8e-5b43-9a67-2e4b8d90c1f3")


class FiringKind(StrEnum):
    """Why a schedule fires."""

    SLOT = "slot"
    CATCH_UP = "catch_up"
    MANUAL = "manual"


class FiringResult(StrEnum):
    """The result of a firing.

    `due`: not yet published. `sent`: published, not yet answered. `fired`: a run was accepted.
    `skipped`: another run was active. `refused`: there was nothing to run. `missed`: too late.
    """

    DUE = "due"
    SENT = "sent"
    FIRED = "fired"
    SKIPPED = "skipped"
    REFUSED = "refused"
    MISSED = "missed"


class ScheduleStatus(StrEnum):
    """Whether a schedule fires. Spec section 9."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DEPENDENCY_INACTIVE = "dependency_inactive"


class DueSchedule(msgspec.Struct, frozen=True):
    """A schedule that is due. `able`: its instance and profiles are active, since `able_since`."""

    id: str
    tenant: str
    name: str
    cron: str
    timezone: str
    next_at: datetime
    able: bool
    able_since: datetime


class NewFiring(msgspec.Struct, frozen=True):
    """A slot to record."""

    slot: datetime
    run_id: str
    kind: FiringKind
    actor: str
    result: FiringResult
    reason: str | None = None


class UnpublishedFiring(msgspec.Struct, frozen=True):
    """A firing that is to be published."""

    schedule: str
    slot: datetime
    tenant: str
    run_id: str
    kind: FiringKind
    actor: str
    instance: str
    entity_type: str


ScheduleUpdate = tuple[datetime, Sequence[NewFiring]]
"""The schedule's next slot, and the slots to record."""


def run_id_of(schedule: str, slot: datetime) -> str:
    """Return the correlation ID of a slot's run, the same whoever publishes its trigger."""
    return str(uuid5(_NAMESPACE, f"{schedule}/{slot.astimezone(UTC).isoformat()}"))


def trigger_fields(tenant: str, instance: str, entity_type: str, actor: str) -> JsonObject:
    """Return the trigger of a firing: an incremental run, skipped on overlap."""
    return {
        "instance": instance,
        "entityType": entity_type,
        "onOverlap": Overlap.SKIP.value,
        "tenant": tenant,
        "actor": actor,
        "trigger": "schedule",
    }
