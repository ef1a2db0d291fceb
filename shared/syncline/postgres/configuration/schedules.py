"""Changing schedules, audited. What they fire is `firings`', how they look `schedule_views`'."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from uuid6 import uuid7

from syncline.domain.configuration.documents import Kind, ScheduleConfig
from syncline.domain.errors import ConflictError
from syncline.domain.schedule.cron import parse_cron
from syncline.domain.schedule.firing import FiringKind, FiringResult, NewFiring
from syncline.domain.schedule.preview import sentence
from syncline.domain.schedule.slots import next_slot
from syncline.domain.schedule.zones import parse_zone
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Database
from syncline.postgres.database.near_names import none_like


class Schedules:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note_manual(self, tenant: str, name: str, noted: NewFiring) -> None:
        """Note that a person lets a schedule fire; a scheduler publishes it if nobody else does.

        Raises:
            NotFoundError: no such schedule.
        """
        async with self._database.transaction() as connection:
            row = await _locked(connection, tenant, name)
            await connection.execute(
                """insert into firings (schedule_id, slot, tenant, run_id, kind, actor, result)
                values ($1, $2, $3, $4, $5, $6, $7)""",
                row["id"], noted.slot, tenant, noted.run_id, FiringKind.MANUAL.value,
                noted.actor, FiringResult.DUE.value,
            )  # fmt: skip
            await audit(
                connection, tenant, noted.actor, "schedule.run_now", name,
                {"correlationId": noted.run_id},
            )  # fmt: skip


async def save_schedule(
    connection: Connection,
    tenant: str,
    instance: str,
    config: ScheduleConfig,
) -> None:
    """Store a new or changed schedule; slots before this moment are none of its own.

    Raises:
        ConflictError: another schedule is there for its instance and entity type.
    """
    cron = parse_cron(config.cron)
    now = await connection.fetchval("select clock_timestamp()")
    next_at = _next_at(config.cron, config.timezone, now) if config.enabled else None
    entity_type = config.entity_type.lower()
    other = await connection.fetchval(
        """select name from schedules where tenant = $1 and deleted_at is null
        and instance_id = $2 and entity_type = $3 and name <> $4""",
        tenant, instance, entity_type, config.name,
    )  # fmt: skip
    if other is not None:
        raise ConflictError(
            f"schedule {other!r} is there for instance {config.instance!r} "
            f"and entity type {entity_type!r} already"
        )
    await connection.execute(
        """insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone,
          sentence, enabled, next_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (tenant, name) do update set cron = excluded.cron,
          timezone = excluded.timezone, sentence = excluded.sentence, enabled = excluded.enabled,
          next_at = excluded.next_at, changed_at = clock_timestamp()""",
        uuid7(), tenant, config.name, instance, entity_type, cron.text, config.timezone,
        sentence(cron), config.enabled, next_at,
    )  # fmt: skip


def _next_at(cron: str, timezone: str, now: datetime) -> datetime:
    return next_slot(parse_cron(cron), parse_zone(timezone), now)


async def _locked(connection: Connection, tenant: str, name: str) -> Any:  # noqa: ANN401
    row = await connection.fetchrow(
        "select id from schedules where tenant = $1 and name = $2 and deleted_at is null "
        "for key share",
        tenant,
        name,
    )
    if row is None:
        raise await none_like(connection, Kind.SCHEDULE, tenant, name)
    return row
