"""The public contracts: trigger, status and dead-letter messages as CloudEvents 1.0 in JSON.

Names are camelCase. A reader ignores fields it does not know and accepts the previous version,
which stands in the event's `type` (`syncline.run.progress.v1`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from uuid6 import uuid7

from syncline.contracts.messages import Attempt, decoder_of, encode
from syncline.domain.errors import Failure

T = TypeVar("T")
SPEC_VERSION = "1.0"
TRIGGER = "syncline.run.trigger.v1"
ACCEPTED = "syncline.run.accepted.v1"
REJECTED = "syncline.run.rejected.v1"
EXTRACTING = "syncline.run.extracting.v1"
PROGRESS = "syncline.run.progress.v1"
WAITING = "syncline.run.waiting.v1"
COMPLETED = "syncline.run.completed.v1"
RECORD_DEAD_LETTERED = "syncline.record.dead_lettered.v1"
DEAD_LETTER = "syncline.dead_letter.v1"


class CloudEvent(msgspec.Struct, Generic[T]):
    """A CloudEvent in structured mode; `time` is RFC 3339, `subject` the correlation ID."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str
    data: T
    specversion: str = SPEC_VERSION
    datacontenttype: str = "application/json"


class RunStatus(msgspec.Struct, rename="camel"):
    """Data of every `syncline.run.*` event but the trigger.

    Attributes:
        seq: only rises within a run; drop an event whose number is not above the last one seen.
        state: see spec section 2.3.
        total, success, skipped, failed, in_flight: records; total = the other four together.
        skip_reasons: `unchanged`, `excluded`, `superseded`, `cancelled` -> records, zeros left out.
        reason: why it was rejected, failed, or what it waits for.
        waiting_until: when the next retry is due, RFC 3339.
    """

    correlation_id: str
    tenant: str
    instance: str
    entity_type: str
    mode: str
    trigger: str
    state: str
    seq: int
    total: int = 0
    success: int = 0
    skipped: int = 0
    failed: int = 0
    in_flight: int = 0
    skip_reasons: dict[str, int] = {}
    extracted: bool = False
    reason: str | None = None
    problems: list[dict[str, str]] = []
    waiting_until: str | None = None
    cursor_before: str | None = None
    cursor_after: str | None = None
    mapping_version: int | None = None
    started_at: str | None = None
    finished_at: str | None = None


class RecordDeadLettered(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Data of `syncline.record.dead_lettered`: a record of a run waits for a person."""

    correlation_id: str
    tenant: str
    instance: str
    entity_type: str
    seq: int
    dead_letter_id: str
    source_id: str
    stage: str
    failure: Failure


class DeadLetter(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Data of a DLQ message: one record that failed for good.

    Attributes:
        id: the same for every copy of this dead letter.
        payload: the failed stage's input, as JSON; null where nothing could be read.
        replay_of: the dead letter that was replayed and failed again.
    """

    id: str
    correlation_id: str
    tenant: str
    stream: int
    instance: str
    entity_type: str
    source_id: str
    batch: int
    slot: int
    stage: str
    failure: Failure
    attempts: list[Attempt]
    mapping: str
    mapping_version: int
    failed_at: str
    payload: msgspec.Raw = msgspec.Raw(b"null")
    row_hash: str | None = None
    version: int = 0


def cloud_event(type_: str, source: str, subject: str, data: object, now: datetime) -> bytes:
    """Encode a CloudEvent with a new ID.

    Args:
        type_: one of this module's event types.
        source: the service, e.g. `finalize`.
        subject: the correlation ID.
        data: one of this module's structs.
        now: time of the event, aware.
    """
    return encode(CloudEvent(str(uuid7()), f"/syncline/{source}", type_, now, subject, data))


def event_data(value: bytes) -> tuple[str | None, Any]:
    """Read a public message: a structured CloudEvent, or its data alone.

    Returns:
        The event type (None for bare data) and the decoded data.

    Raises:
        msgspec.DecodeError: the bytes are not JSON.
    """
    decoded = decoder_of(object).decode(value)
    if isinstance(decoded, dict) and "specversion" in decoded:
        return decoded.get("type"), decoded.get("data")
    return None, decoded
