"""Changing schedules, and letting one fire now; audited."""

from __future__ import annotations

from uuid6 import uuid7

from syncline.domain.configuration.documents import Kind, ScheduleConfig
from syncline.domain.errors import ConflictError
from syncline.domain.schedule.cron import parse_cron, parse_zone
from syncline.domain.schedule.firing import FiringKind, FiringResult, NewFiring
from syncline.domain.schedule.preview import sentence
from syncline.domain.schedule.slots import next_slot
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection
from syncline.postgres.database.near_names import row_named

_FIRE = """
insert into firings (schedule_id, slot, tenant, run_id, kind, actor, result)
values ($1, $2, $3, $4, $5, $6, $7)
"""
_OTHER = """
select name from schedules where tenant = $1 and deleted_at is null
and instance_id = $2 and entity_type = $3 and name <> $4
"""
_SAVE = """
insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone, sentence,
  enabled, next_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant, name) do update set cron = excluded.cron, timezone = excluded.timezone,
  sentence = excluded.sentence, enabled = excluded.enabled, next_at = excluded.next_at,
  changed_at = clock_timestamp()
"""


async def fire_now(connection: Connection, tenant: str, name: str, firing: NewFiring) -> None:
    """Store a firing that a person asks for, which is due at once. Raises NotFoundError."""
    schedule = await row_named(connection, Kind.SCHEDULE, tenant, name, "for key share")
    kind, result = FiringKind.MANUAL.value, FiringResult.DUE.value
    values = (firing.slot, tenant, firing.run_id, kind, firing.actor, result)
    await connection.execute(_FIRE, schedule["id"], *values)
    details = {"correlationId": firing.run_id}
    await audit(connection, tenant, firing.actor, "schedule.run_now", name, details)


async def save_schedule(
    connection: Connection, tenant: str, instance: str, config: ScheduleConfig
) -> None:
    """Store a new or changed schedule of the instance of an ID; earlier slots are none of its own.

    Raises ConflictError: another schedule is there for its instance and entity type.
    """
    cron = parse_cron(config.cron)
    now = await connection.fetchval("select clock_timestamp()")
    next_at = next_slot(cron, parse_zone(config.timezone), now) if config.enabled else None
    stream = (instance, config.entity_type.lower())
    other = await connection.fetchval(_OTHER, tenant, *stream, config.name)
    if other is not None:
        raise ConflictError(
            f"schedule {other!r} is there for instance {config.instance!r} "
            f"and entity type {stream[1]!r} already"
        )
    timing = (cron.text, config.timezone, sentence(cron), config.enabled, next_at)
    await connection.execute(_SAVE, str(uuid7()), tenant, config.name, *stream, *timing)
