"""Letting a schedule fire at once, at a person's word."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.contracts.sending import trigger_message
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


class ByHand(msgspec.Struct, frozen=True):
    """Who wants which schedule to fire.

    Attributes:
        source: by what means: `cli`, `gateway`.
    """

    tenant: str
    schedule: str
    actor: str
    source: str


async def note_firing(database: Database, wish: ByHand, now: datetime) -> tuple[str, Outbound]:
    """Note a firing and return its run's correlation ID and the trigger to publish.

    If this process dies before it is published, a scheduler does it.

    Raises:
        NotFoundError: no such schedule.
        ConflictError: its instance or a profile is not active.
        RetriableError: the database is away.
    """
    view = await ScheduleList(database).get(wish.tenant, wish.schedule)
    if view.status == ScheduleStatus.DEPENDENCY_INACTIVE:
        raise ConflictError(f"schedule {view.name!r} cannot run: {view.status_reason}")
    run_id = run_id_of(f"{wish.tenant}/{wish.schedule}/{wish.actor}", now)
    firing = NewFiring(now, run_id, FiringKind.MANUAL, wish.actor, FiringResult.DUE)
    async with database.transaction() as connection:
        await fire_now(connection, wish.tenant, wish.schedule, firing)
    fields = trigger_fields(wish.tenant, view.instance, view.entity_type, wish.actor)
    return run_id, trigger_message(run_id, fields, wish.source, now)
