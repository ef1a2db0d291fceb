"""Changing schedules, audited. What they fire is `firings`', how they look `schedule_views`'."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from uuid6 import uuid7

from syncline.domain.configuration import ScheduleConfig
from syncline.domain.errors import ConflictError, InvalidInputError, Problem
from syncline.domain.schedule.cron import parse_cron
from syncline.domain.schedule.firing import Kind, Noted, Result
from syncline.domain.schedule.preview import sentence
from syncline.domain.schedule.slots import next_slot
from syncline.domain.schedule.zones import parse_zone
from syncline.postgres.audit import audit
from syncline.postgres.database import Database
from syncline.postgres.schedule_views import unknown


class Schedules:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_enabled(self, tenant: str, name: str, actor: str, *, enabled: bool) -> None:
        """Let a schedule fire or not; slots that passed meanwhile are gone.

        Raises:
            NotFoundError: no such schedule.
        """
        async with self._database.transaction() as connection:
            row = await _locked(connection, tenant, name)
            if row["enabled"] == enabled:
                return
            now = await connection.fetchval("select clock_timestamp()")
            next_at = _next_at(row["cron"], row["timezone"], now) if enabled else None
            await connection.execute(
                "update schedules set enabled = $2, next_at = $3, version = version + 1, "
                "changed_at = clock_timestamp() where id = $1",
                row["id"],
                enabled,
                next_at,
            )
            action = "schedule.enabled" if enabled else "schedule.disabled"
            await audit(connection, tenant, actor, action, name, {})

    async def delete(self, tenant: str, name: str, actor: str) -> None:
        """Delete a schedule and the record of its firings; its runs stay. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            row = await _locked(connection, tenant, name)
            await connection.execute("delete from schedules where id = $1", row["id"])
            await audit(connection, tenant, actor, "schedule.deleted", name, {"cron": row["cron"]})

    async def note_manual(self, tenant: str, name: str, noted: Noted) -> None:
        """Note that a person lets a schedule fire; a scheduler publishes it if nobody else does.

        Raises:
            NotFoundError: no such schedule.
        """
        async with self._database.transaction() as connection:
            row = await _locked(connection, tenant, name)
            await connection.execute(
                """insert into firings (schedule_id, slot, tenant, run_id, kind, actor, result)
                values ($1, $2, $3, $4, $5, $6, $7)""",
                row["id"], noted.slot, tenant, UUID(noted.run_id), Kind.MANUAL.value,
                noted.actor, Result.DUE.value,
            )  # fmt: skip
            await audit(
                connection, tenant, noted.actor, "schedule.run_now", name,
                {"correlationId": noted.run_id},
            )  # fmt: skip


async def save_schedule(
    connection: Any,  # noqa: ANN401 - a database connection
    tenant: str,
    instance: UUID,
    config: ScheduleConfig,
) -> None:
    """Store a new or changed schedule; slots before this moment are none of its own.

    Raises:
        InvalidInputError: its instance or entity type would change.
        ConflictError: another schedule is there for its instance and entity type.
    """
    cron = parse_cron(config.cron)
    now = await connection.fetchval("select clock_timestamp()")
    next_at = _next_at(config.cron, config.timezone, now) if config.enabled else None
    entity_type = config.entity_type.lower()
    other = await connection.fetchrow(
        """select name, instance_id, entity_type from schedules where tenant = $1
        and (name = $2 or (instance_id = $3 and entity_type = $4)) order by name <> $2 limit 1""",
        tenant, config.name, instance, entity_type,
    )  # fmt: skip
    if other is not None and other["name"] != config.name:
        raise ConflictError(
            f"schedule {other['name']!r} is there for instance {config.instance!r} "
            f"and entity type {entity_type!r} already"
        )
    if other is not None and (other["instance_id"], other["entity_type"]) != (
        instance,
        entity_type,
    ):
        message = "cannot change: make another schedule for another instance or entity type"
        raise InvalidInputError([Problem("$.instance", message)])
    await connection.execute(
        """insert into schedules (id, tenant, name, instance_id, entity_type, cron, timezone,
          sentence, enabled, next_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (tenant, name) do update set cron = excluded.cron,
          timezone = excluded.timezone, sentence = excluded.sentence, enabled = excluded.enabled,
          next_at = excluded.next_at, version = schedules.version + 1,
          changed_at = clock_timestamp()""",
        uuid7(), tenant, config.name, instance, entity_type, cron.text, config.timezone,
        sentence(cron), config.enabled, next_at,
    )  # fmt: skip


def _next_at(cron: str, timezone: str, now: datetime) -> datetime:
    return next_slot(parse_cron(cron), parse_zone(timezone), now)


async def _locked(connection: Any, tenant: str, name: str) -> Any:  # noqa: ANN401
    row = await connection.fetchrow(
        "select * from schedules where tenant = $1 and name = $2 for update", tenant, name
    )
    if row is None:
        raise unknown(name)
    return row
