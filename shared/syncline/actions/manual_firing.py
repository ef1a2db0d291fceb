"""Letting a schedule fire at once because a person asks for it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.contracts.outbound import trigger_message
from syncline.contracts.wire import Outbound
from syncline.domain.errors import ConflictError
from syncline.domain.schedule.firing import (
    FiringKind,
    FiringResult,
    NewFiring,
    ScheduleStatus,
    run_id_of,
    trigger_fields,
)
from syncline.postgres.configuration.schedules import fire_now
from syncline.postgres.database.database import Database
from syncline.postgres.schedules.schedule_list import ScheduleList


class FiringRequest(msgspec.Struct, frozen=True):
    """Which schedule is to fire now, who asks, and by what means: `cli`, `gateway`."""

    tenant: str
    schedule: str
    actor: str
    source: str


async def fire_by_hand(
    database: Database, request: FiringRequest, now: datetime
) -> tuple[str, Outbound]:
    """Store a firing and return its run's correlation ID and the trigger to publish.

    If this process dies before it is published, a scheduler does it. Raises NotFoundError;
    ConflictError: its instance or a profile is not active.
    """
    view = await ScheduleList(database).get(request.tenant, request.schedule)
    if view.status == ScheduleStatus.DEPENDENCY_INACTIVE:
        raise ConflictError(f"schedule {view.name!r} cannot run: {view.status_reason}")
    run_id = run_id_of(f"{request.tenant}/{request.schedule}/{request.actor}", now)
    firing = NewFiring(now, run_id, FiringKind.MANUAL, request.actor, FiringResult.DUE)
    async with database.transaction() as connection:
        await fire_now(connection, request.tenant, request.schedule, firing)
    fields = trigger_fields(request.tenant, view.instance, view.entity_type, request.actor)
    return run_id, trigger_message(run_id, fields, request.source, now)
