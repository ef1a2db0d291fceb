"""Letting a schedule fire at once because a person asks for it."""

from __future__ import annotations

from datetime import datetime

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


async def fire_by_hand(
    database: Database, tenant: str, schedule: str, actor: str, source: str, now: datetime
) -> tuple[str, Outbound]:
    """Store a firing that `actor` asks for; return its run's correlation ID and the trigger.

    The caller (`source`: `cli`, `gateway`) sends the trigger; a scheduler does if the caller dies.
    Raises NotFoundError; ConflictError where the instance or one of its profiles is not active.
    """
    view = await ScheduleList(database).get(tenant, schedule)
    if view.status == ScheduleStatus.DEPENDENCY_INACTIVE:
        raise ConflictError(f"schedule {view.name!r} cannot run: {view.status_reason}")
    run_id = run_id_of(f"{tenant}/{schedule}/{actor}", now)
    firing = NewFiring(now, run_id, FiringKind.MANUAL, actor, FiringResult.DUE)
    async with database.transaction() as connection:
        await fire_now(connection, tenant, schedule, firing)
    fields = trigger_fields(tenant, view.instance, view.entity_type, actor)
    return run_id, trigger_message(run_id, fields, source, now)
