"""Pausing runs and letting them go on: what a person wants, noted and audited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.domain.errors import ConflictError
from syncline.domain.run import Run
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Database
from syncline.postgres.runs.run_row import SELECT, run_of
from syncline.postgres.runs.runs import lock_run

_PAUSE = """
update runs set paused_at = now(), paused_by = $2, status_seq = status_seq + 1 where id = $1
"""
# The time of the pause is none in which nothing moved.
_RESUME = """
update runs set paused_at = null, paused_by = null, status_seq = status_seq + 1,
  progressed_at = clock_timestamp(), dispatched_at = null,
  read_on = state = 'extracting' and not extracted
where id = $1
"""


class RunPauses:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pause(self, tenant: str, run_id: str, actor: str) -> Run:
        """Note that a person holds a run; pausing twice changes nothing.

        Raises:
            NotFoundError: no such run in this tenant.
            ConflictError: it has ended, or is being cancelled.
        """
        async with self._database.transaction() as connection:
            run = await lock_run(connection, tenant, run_id)
            if run.cancel_requested_at is not None:
                raise ConflictError(f"run {run_id} is being cancelled")
            if run.paused_at is None:
                await connection.execute(_PAUSE, run_id, actor)
                await audit(connection, tenant, actor, "run.paused", run_id, {})
            return await _read(connection, run_id)

    async def resume(self, tenant: str, run_id: str, actor: str) -> Run:
        """Note that a run goes on.

        Raises:
            NotFoundError: no such run in this tenant.
            ConflictError: it has ended, or is not paused.
        """
        async with self._database.transaction() as connection:
            run = await lock_run(connection, tenant, run_id)
            if run.paused_at is None:
                raise ConflictError(f"run {run_id} is not paused")
            await connection.execute(_RESUME, run_id)
            details = {"pausedBy": run.paused_by, "pausedAt": run.paused_at.isoformat()}
            await audit(connection, tenant, actor, "run.resumed", run_id, details)
            return await _read(connection, run_id)

    async def is_paused(self, run_id: str) -> bool:
        """Tell whether a run is held now."""
        found = await self._database.fetchval(
            "select paused_at is not null from runs where id = $1", run_id
        )
        return bool(found)

    async def paused(self) -> list[tuple[str, str]]:
        """Return every paused run with who did it."""
        rows = await self._database.fetch(
            """select id, paused_by from runs where paused_at is not null
            and state in ('queued', 'extracting', 'in_progress')"""
        )
        return [(str(row["id"]), row["paused_by"] or "unknown") for row in rows]

    async def not_paused(self, run_ids: Sequence[str]) -> list[str]:
        """Return those of some runs that are not paused."""
        rows = await self._database.fetch(
            "select id from runs where id = any($1) and paused_at is null",
            list(run_ids),
        )
        return [str(row["id"]) for row in rows]


async def _read(connection: Any, run_id: str) -> Run:  # noqa: ANN401
    return run_of(await connection.fetchrow(f"{SELECT} where r.id = $1", run_id))
