"""Makes messages to send: topic, key, partition and headers of each kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from syncline.contracts.bundle import Bundle
from syncline.contracts.events import TRIGGER, cloud_event
from syncline.contracts.messages import (
    BatchOutcomes,
    Report,
    RunRequest,
    Settled,
    encode,
    encode_of_run,
    records_in,
)
from syncline.contracts.topics import INPUT_OF, OUTCOMES, RUNS, TRIGGERS, Stage
from syncline.contracts.wire import Outbound, lane_spread, run_spread
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.run import Outcome
from syncline.domain.trigger import MAX_BYTES

RETRY_AT = "retry-at"
"""Header: the earliest time at which a retry may go to its stage, milliseconds since 1970."""
RETRY_STAGE = "retry-stage"
"""Header: the stage that will try again."""


def trigger_message(run_id: str, fields: Mapping[str, Any], source: str, now: datetime) -> Outbound:
    """Make a run's trigger; `fields` (camelCase) are checked, `source` is who sends it.

    Raises InvalidInputError where it is larger than a trigger may be.
    """
    value = cloud_event(TRIGGER, source, run_id, fields, now)
    if len(value) > MAX_BYTES:
        message = f"the trigger has {len(value):,} bytes, at most {MAX_BYTES:,} are allowed"
        raise InvalidInputError([Problem("$", message)])
    return Outbound(TRIGGERS, run_id.encode(), value, run_spread(run_id))


def bundle_message(bundle: Bundle, to: Stage) -> Outbound:
    """Make a bundle's message to a stage, in its lane."""
    return lane_message(bundle, INPUT_OF[to])


def lane_message(bundle: Bundle, topic: str) -> Outbound:
    """Make a bundle's message to a topic. Its headers are for people and other programs."""
    run = bundle.run
    return Outbound(
        topic,
        run.id.encode(),
        encode_of_run(bundle, run),
        lane_spread(run.id, bundle.lane),
        (
            ("correlation-id", run.id.encode()),
            ("tenant", run.tenant.encode()),
            ("attempt", str(bundle.attempt).encode()),
        ),
        len(bundle),
    )


def retry_message(bundle: Bundle, stage: Stage, topic: str, due: datetime) -> Outbound:
    """Make a bundle's message to a retry topic; it goes back to its stage at `due` or later."""
    message = lane_message(bundle, topic)
    headers = (
        *message.headers,
        (RETRY_AT, str(int(due.timestamp() * 1000)).encode()),
        (RETRY_STAGE, stage.value.encode()),
    )
    return msgspec.structs.replace(message, headers=headers)


def report_message(report: Report) -> Outbound:
    """Make a report's message to Finalize; all reports of a run are on one partition."""
    return _run_message(
        OUTCOMES,
        report.run.id,
        report.run.tenant,
        encode_of_run(report, report.run),
        records_in(report),
    )


def settled_message(
    bundle: Bundle,
    places: Sequence[int],
    outcome: Outcome,
    stage: Stage,
) -> Outbound:
    """Report one outcome for the records at these places of a bundle (in order)."""
    outcomes = [
        BatchOutcomes(part.number, part.slots, outcome.value * len(part.slots))
        for part, _ in bundle.by_batch(places)
    ]
    settled = Settled(bundle.run, outcomes, stage.value)
    if outcome is Outcome.EXCLUDED and bundle.row_hashes:
        named = [(bundle.ids[place], bundle.row_hashes[place]) for place in places]
        settled = msgspec.structs.replace(settled, left_out=[pair for pair in named if pair[1]])
    return report_message(settled)


def request_message(request: RunRequest) -> Outbound:
    """Make the message of an accepted run to Ingest."""
    return _run_message(RUNS, request.run_id, request.tenant, encode(request), 1)


def _run_message(topic: str, run_id: str, tenant: str, value: bytes, records: int) -> Outbound:
    headers = (("correlation-id", run_id.encode()), ("tenant", tenant.encode()))
    return Outbound(topic, run_id.encode(), value, run_spread(run_id), headers, records)
