"""How messages are addressed: which topic, key and partition each kind goes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.contracts.messages import Batch, Report, RunRequest, Settled, encode
from syncline.contracts.topics import INPUT_OF, OUTCOMES, RUNS, Stage
from syncline.contracts.wire import Outbound, lane_spread, run_spread
from syncline.domain.run import Outcome

RETRY_AT = "retry-at"
"""Header: milliseconds since 1970 before which a retry must not be handed on."""
RETRY_STAGE = "retry-stage"
"""Header: the stage that will try again."""


def batch_message(batch: Batch[Any], to: Stage) -> Outbound:
    """Address a batch to a stage, in its lane."""
    return lane_message(batch, INPUT_OF[to])


def lane_message(batch: Batch[Any], topic: str) -> Outbound:
    """Address a batch to a topic, in its lane. Headers are for people and other programs."""
    run = batch.run
    return Outbound(
        topic,
        run.id.encode(),
        encode(batch),
        lane_spread(run.id, batch.lane),
        (
            ("correlation-id", run.id.encode()),
            ("tenant", run.tenant.encode()),
            ("attempt", str(batch.attempt).encode()),
        ),
    )


def report_message(report: Report) -> Outbound:
    """Address a report to Finalize: all of one run's on one partition."""
    return _run_message(OUTCOMES, report.run.id, report.run.tenant, encode(report))


def settled_message(
    batch: Batch[Any], places: Sequence[int], outcome: Outcome, stage: Stage
) -> Outbound:
    """Report one outcome for some records of a batch.

    Args:
        places: indexes into the batch's lists.
    """
    slots = [batch.slots[place] for place in places]
    return report_message(
        Settled(batch.run, batch.number, slots, outcome.value * len(slots), stage.value)
    )


def request_message(request: RunRequest) -> Outbound:
    """Address an accepted run to Ingest."""
    return _run_message(RUNS, request.run_id, request.tenant, encode(request))


def _run_message(topic: str, run_id: str, tenant: str, value: bytes) -> Outbound:
    headers = (("correlation-id", run_id.encode()), ("tenant", tenant.encode()))
    return Outbound(topic, run_id.encode(), value, run_spread(run_id), headers)
