"""Status events: what is published of a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from syncline.contracts.events import CONTENT_TYPE, ChainStatus, RunStatus, cloud_event
from syncline.contracts.topics import STATUS
from syncline.contracts.wire import Outbound, run_spread
from syncline.domain.chain import next_run_id, next_trigger, why_chain_ended
from syncline.domain.errors import ConflictError, InvalidInputError, NotFoundError
from syncline.domain.run import Run

_REASONS = ("unchanged", "excluded", "superseded", "cancelled")
SHOWN = 100
"""Most mistakes that the refusal of a trigger names."""
Refusal = InvalidInputError | NotFoundError | ConflictError
_CODES = {
    InvalidInputError: "invalid_input",
    NotFoundError: "not_found",
    ConflictError: "conflict",
}


def status_of(run: Run) -> RunStatus:
    """Return the data of a run's status event."""
    counters = run.counters
    return RunStatus(
        correlation_id=run.id,
        tenant=run.tenant,
        instance=run.instance_name,
        entity_type=run.entity_type,
        mode=run.mode.value,
        trigger=run.trigger,
        state=run.state.value,
        seq=run.status_seq,
        total=counters.total,
        success=counters.success,
        skipped=counters.skipped,
        failed=counters.failed,
        in_flight=counters.in_flight,
        positions=run.positions,
        skip_reasons={n: getattr(counters, n) for n in _REASONS if getattr(counters, n)},
        extracted=run.extracted,
        reason=run.reason,
        notices=run.notices,
        paused_by=run.paused_by,
        cancel_requested_by=run.cancel_requested_by,
        needs_attention=run.needs_attention,
        waiting_until=_text(run.retry_due_at),
        cursor_before=run.cursor_before,
        cursor_after=run.cursor_after,
        mapping_version=run.mapping_version,
        started_at=_text(run.started_at),
        finished_at=_text(run.finished_at),
        chain=_chain(run),
    )


def _chain(run: Run) -> ChainStatus | None:
    if run.chain is None or run.chain_order is None:
        return None
    follows = next_trigger(run) is not None
    next_run = next_run_id(run.id) if follows else None
    return ChainStatus(run.chain, run.chain_order, next_run, why_chain_ended(run))


def refused(run_id: str, said: Mapping[str, Any], error: Refusal) -> RunStatus:
    """Return the data of the status event about a refused trigger.

    `run_id` is its correlation ID or the ID made in its place; of its fields only texts are shown.
    """
    problems = error.problems if isinstance(error, InvalidInputError) else ()
    return RunStatus(
        correlation_id=run_id,
        tenant=_said(said, "tenant") or "default",
        instance=_said(said, "instance"),
        entity_type=_said(said, "entityType"),
        mode=_said(said, "mode") or "incremental",
        trigger=_said(said, "trigger") or "topic",
        state="rejected",
        seq=0,
        code=_CODES[type(error)],
        reason="the trigger is wrong" if problems else str(error),
        problems=[{"path": p.path[:500], "message": p.message[:500]} for p in problems[:SHOWN]],
    )


def status_message(
    type_: str, source: str, status: RunStatus, now: datetime, id_: str | None = None
) -> Outbound:
    """Make the message of a status event; all events of a run are on one partition, in order."""
    run_id = status.correlation_id
    value = cloud_event(type_, source, run_id, status, now, id_)
    headers = (
        ("content-type", CONTENT_TYPE.encode()),
        ("correlation-id", run_id.encode()),
        ("tenant", status.tenant.encode(errors="replace")),
    )
    return Outbound(STATUS, run_id.encode(), value, run_spread(run_id), headers)


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _said(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value[:200] if isinstance(value, str) else ""
