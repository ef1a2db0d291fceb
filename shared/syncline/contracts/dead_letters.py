"""The messages of dead letters: what a stage publishes about a record that it gives up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

import msgspec

from syncline.contracts.events import CONTENT_TYPE, DEAD_LETTER, DeadLetter, cloud_event
from syncline.contracts.messages import Attempt
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import DLQ, Stage
from syncline.contracts.wire import Outbound, run_spread
from syncline.domain.dead_letter.replay import dead_letter_id


class RecordPlace(msgspec.Struct, frozen=True):
    """Names a record of a run: its batch, its slot there, its source ID."""

    batch: int
    slot: int
    source_id: str


class FailedRecord(msgspec.Struct, frozen=True):
    """A record as the stage received it; `payload` is JSON."""

    payload: bytes = b"null"
    row_hash: str | None = None
    version: int = 0


class RunFacts(TypedDict):
    """What a dead letter holds of its run."""

    correlation_id: str
    tenant: str
    stream: int
    instance: str
    instance_id: str
    source_profile: str
    target_profile: str
    entity_type: str
    mapping: str
    mapping_version: int


def facts_of(run: RunRef) -> RunFacts:
    """Return what the dead letters of a run hold of it."""
    return {
        "correlation_id": run.id,
        "tenant": run.tenant,
        "stream": run.stream,
        "instance": run.instance_name,
        "instance_id": run.instance,
        "source_profile": run.source,
        "target_profile": run.target,
        "entity_type": run.entity_type,
        "mapping": run.mapping,
        "mapping_version": run.mapping_version,
    }


def dead_letter(
    run: RunRef,
    place: RecordPlace,
    stage: Stage,
    attempts: Sequence[Attempt],
    record: FailedRecord,
) -> DeadLetter:
    """Make the dead letter of a record that failed for good in a stage.

    `attempts` are all attempts, oldest first; the last one says why and when it failed.
    """
    last = attempts[-1]
    return DeadLetter(
        id=dead_letter_id(run.id, place.batch, place.slot),
        **facts_of(run),
        source_id=place.source_id,
        batch=place.batch,
        slot=place.slot,
        stage=stage.value,
        failure=last.failure,
        attempts=list(attempts),
        failed_at=last.at,
        payload=msgspec.Raw(record.payload),
        row_hash=record.row_hash,
        version=record.version,
    )


def dead_letter_message(letter: DeadLetter, now: datetime) -> Outbound:
    """Make a dead letter's message for the DLQ, which is a public topic."""
    run_id = letter.correlation_id
    value = cloud_event(DEAD_LETTER, letter.stage, run_id, letter, now, letter.id)
    headers = (
        ("content-type", CONTENT_TYPE.encode()),
        ("correlation-id", run_id.encode()),
        ("tenant", letter.tenant.encode()),
        ("attempt", str(len(letter.attempts)).encode()),
    )
    return Outbound(DLQ, run_id.encode(), value, run_spread(run_id), headers, 1)
