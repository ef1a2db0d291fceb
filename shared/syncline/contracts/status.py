"""Status events: what a run looks like to those who follow it."""

from __future__ import annotations

from datetime import datetime

from syncline.contracts.events import CONTENT_TYPE, RunStatus, cloud_event
from syncline.contracts.topics import STATUS
from syncline.contracts.wire import Outbound, run_spread
from syncline.domain.run import Run

_REASONS = ("unchanged", "excluded", "superseded", "cancelled")


def status_of(run: Run) -> RunStatus:
    """Return a run as its status events show it."""
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
        skip_reasons={n: getattr(counters, n) for n in _REASONS if getattr(counters, n)},
        extracted=run.extracted,
        reason=run.reason,
        notices=run.notices,
        paused_by=run.paused_by,
        waiting_until=_text(run.retry_due_at),
        cursor_before=run.cursor_before,
        cursor_after=run.cursor_after,
        mapping_version=run.mapping_version,
        started_at=_text(run.started_at),
        finished_at=_text(run.finished_at),
    )


def status_message(
    type_: str, source: str, status: RunStatus, now: datetime, id_: str | None = None
) -> Outbound:
    """Address a status event: all of one run's on one partition, in order.

    Args:
        type_: one of the `run.*` event types, or RECORD_DEAD_LETTERED.
        source: the service that tells it.
        id_: what every copy of the event is known by; without it, a new one.
    """
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
