"""Runs in which more records fail than their instance allows. docs/decisions/0065."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from syncline.contracts.run_ref import RunRef
from syncline.domain.failure_budget import PAUSED_BY, FailureBudget, attention_reason
from syncline.domain.run import Notice, State
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Connection, Repository
from syncline.postgres.database.rows import fetch_structs
from syncline.postgres.runs.run_detail import read_failure_groups
from syncline.postgres.runs.run_row import add_notices

_BUDGET = "select failure_budget from instances where id = $1"
# A replay fails only what is in the DLQ already.
_WITH_BUDGET = """
select r.id, r.tenant, r.state, r.failed, r.failures_accepted as accepted,
  i.failure_budget as budget,
  r.total - r.unchanged - r.excluded - r.superseded - r.cancelled as records
from runs r join instances i on i.id = r.instance_id
where r.id = any($1) and i.failure_budget is not null and r.replay is null
  and r.paused_at is null and r.cancel_requested_at is null and r.halted_at is null
  and r.failed > r.failures_accepted
"""
# Failures travel over the DLQ before they are counted: many may be counted after the resume.
_ACCEPT_LATE = """
update runs r set failures_accepted = r.failed - (select count(*) from dead_letters d
  where d.run_id = r.id and d.failed_at > r.failures_accepted_at)
where id = $1 and failures_accepted_at is not null returning failures_accepted
"""
_PAUSE = """
update runs set paused_at = now(), paused_by = $2, needs_attention = $3 where id = $1
"""
GROUPS = 3
"""Groups of failures that the reason names."""
ENDED_OVER_BUDGET = "ended_over_budget"
"""Code of the notice of a run that ended before it could be paused."""
log = structlog.get_logger()


class _RunWithBudget(msgspec.Struct, frozen=True):
    id: str
    tenant: str
    state: State
    failed: int
    accepted: int
    records: int
    budget: FailureBudget


class FailureBudgets(Repository):
    """Tells the failure budgets of runs."""

    async def of(self, run: RunRef) -> FailureBudget | None:
        """Return the budget of a run as it is now; None: it has none. Raises RetriableError."""
        budget = None if run.replay else await self._database.fetchval(_BUDGET, run.instance)
        return None if budget is None else msgspec.convert(budget, FailureBudget)


async def pause_over_budget(connection: Connection, run_ids: Sequence[str]) -> None:
    """Pause those of the (locked) runs that are over their failure budget.

    They need attention until a person resumes or cancels them. One that has ended says so.
    """
    for run in await fetch_structs(connection, _RunWithBudget, _WITH_BUDGET, run_ids):
        accepted = run.accepted
        limit = run.budget.exceeded(run.failed - accepted, run.records)
        if limit is not None and accepted:
            accepted = await connection.fetchval(_ACCEPT_LATE, run.id)
            limit = run.budget.exceeded(run.failed - accepted, run.records)
        if limit is None:
            continue
        groups = await read_failure_groups(connection, run.id, GROUPS)
        errors = [(group.records, group.error) for group in groups]
        reason = attention_reason(run.failed, accepted, run.records, limit, errors)
        if run.state.is_final:
            message = f"nothing of the run was left to be paused: {reason}"
            notice = Notice(ENDED_OVER_BUDGET, message[:1000], run.failed)
            await add_notices(connection, run.id, [notice])
            continue
        await connection.execute(_PAUSE, run.id, PAUSED_BY, reason)
        await audit(connection, run.tenant, PAUSED_BY, "run.paused", run.id, {"reason": reason})
        log.warning("run_needs_attention", correlation_id=run.id, tenant=run.tenant, reason=reason)
