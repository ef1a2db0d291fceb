"""Pauses of runs, and their end: what a person wants, noted and audited."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.errors import ConflictError
from syncline.domain.run import Run
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Repository
from syncline.postgres.runs.runs import lock_run, read_run

_PAUSE = """
update runs set paused_at = now(), paused_by = $2, status_seq = status_seq + 1 where id = $1
"""
# The time of the pause is none in which nothing moved. Who resumes a run that was over its failure
# budget accepts what has failed so far.
_RESUME = """
update runs set paused_at = null, paused_by = null, status_seq = status_seq + 1,
  progressed_at = clock_timestamp(), dispatched_at = null,
  read_on = state = 'extracting' and not extracted, needs_attention = null,
  failures_accepted = case when needs_attention is null then failures_accepted else failed end,
  failures_accepted_at =
    case when needs_attention is null then failures_accepted_at else clock_timestamp() end
where id = $1
"""
_PAUSED = """
select id, paused_by from runs where paused_at is not null
  and state in ('queued', 'extracting', 'in_progress')
"""
_NOT_PAUSED = "select id from runs where id = any($1) and paused_at is null"


class RunPauses(Repository):
    """Every method may raise RetriableError."""

    async def pause(self, tenant: str, run_id: str, actor: str) -> Run:
        """Pause a run. Raises NotFoundError; ConflictError where it ends or has ended."""
        async with self._database.transaction() as connection:
            run = await lock_run(connection, tenant, run_id)
            if run.cancel_requested_at is not None:
                raise ConflictError(f"run {run_id} is being cancelled")
            if run.paused_at is None:
                await connection.execute(_PAUSE, run_id, actor)
                await audit(connection, tenant, actor, "run.paused", run_id, {})
            return await read_run(connection, run_id)

    async def resume(self, tenant: str, run_id: str, actor: str) -> Run:
        """Note that a run goes on. Raises NotFoundError; ConflictError: it is not paused."""
        async with self._database.transaction() as connection:
            run = await lock_run(connection, tenant, run_id)
            if run.paused_at is None:
                raise ConflictError(f"run {run_id} is not paused")
            await connection.execute(_RESUME, run_id)
            details = {"pausedBy": run.paused_by, "pausedAt": run.paused_at.isoformat()}
            await audit(connection, tenant, actor, "run.resumed", run_id, details)
            return await read_run(connection, run_id)

    async def paused(self) -> list[tuple[str, str]]:
        """Return every paused run with who paused it."""
        rows = await self._database.fetch(_PAUSED)
        return [(row["id"], row["paused_by"] or "unknown") for row in rows]

    async def not_paused(self, run_ids: Sequence[str]) -> list[str]:
        """Return those of some runs that are not paused."""
        return [row["id"] for row in await self._database.fetch(_NOT_PAUSED, list(run_ids))]
