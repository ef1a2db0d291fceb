"""The public contracts: trigger, status and dead-letter messages as CloudEvents 1.0 in JSON.

Names are camelCase. A reader ignores unknown fields and accepts the previous version, too; the
event's `type` ends with the version (`syncline.run.progress.v1`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from uuid6 import uuid7

from syncline.contracts.messages import Attempt, decoder_of, encode
from syncline.domain.dead_letter.replay import Replay
from syncline.domain.errors import Failure
from syncline.domain.reach import StagePosition
from syncline.domain.run import Mode, Notice, Overlap
from syncline.domain.trigger import DEFAULT_BATCH_SIZE

T = TypeVar("T")
SPEC_VERSION = "1.0"
TRIGGER = "syncline.run.trigger.v1"
ACCEPTED = "syncline.run.accepted.v1"
REJECTED = "syncline.run.rejected.v1"
EXTRACTING = "syncline.run.extracting.v1"
PROGRESS = "syncline.run.progress.v1"
WAITING = "syncline.run.waiting.v1"
NEEDS_ATTENTION = "syncline.run.needs_attention.v1"
COMPLETED = "syncline.run.completed.v1"
RECORD_DEAD_LETTERED = "syncline.record.dead_lettered.v1"
DEAD_LETTER = "syncline.dead_letter.v1"
POISON = "syncline.poison.v1"
CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
"""Header `content-type` of structured CloudEvents, as required by their Kafka binding."""


class CloudEvent(msgspec.Struct, Generic[T]):
    """A CloudEvent 1.0 in structured mode.

    Attributes:
        id: with `source`, the same for every copy of the event.
        source: the service that publishes it, e.g. `/syncline/finalize`.
        type: what happened, with the version of `data`.
        time: when, RFC 3339.
        subject: the correlation ID.
        specversion: of CloudEvents.
        datacontenttype: of `data`.
    """

    id: str
    source: str
    type: str
    time: datetime
    subject: str
    data: T
    specversion: str = SPEC_VERSION
    datacontenttype: str = "application/json"


class Trigger(msgspec.Struct, omit_defaults=True, rename="camel", kw_only=True):
    """Asks for a run. `run.rejected` says what is wrong with it, with paths.

    Attributes:
        instance: name of the instance; it must be active.
        entity_type: an entity type of the instance, in upper or lower case; without it, the first
            one in the order of the instance.
        source_ids: limits the run to these records; an array, or text with commas between them.
        mode: whether the cursor and smart sync apply.
        max_entities: most records to discover.
        batch_size: most records of a batch; never changes results.
        on_overlap: what happens while another run of the same instance and entity type is active.
        tenant: the workspace.
        actor: who asks, for people.
        trigger: by what means, for people.
        replay: the dead letters to replay.
        after: the run that it follows in a chain; only Syncline's own services may say that.
        correlation_id: names the run; without it, the message's key does. The same ID with the
            same request is the same run.
    """

    instance: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    entity_type: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    source_ids: list[Annotated[str, msgspec.Meta(max_length=512)] | int] | str | None = None
    mode: Mode | None = Mode.INCREMENTAL
    max_entities: Annotated[int, msgspec.Meta(ge=1)] | None = None
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = DEFAULT_BATCH_SIZE
    on_overlap: Overlap | None = Overlap.REJECT
    tenant: Annotated[str, msgspec.Meta(max_length=200)] | None = "default"
    actor: Annotated[str, msgspec.Meta(max_length=200)] | None = "unknown"
    trigger: Annotated[str, msgspec.Meta(max_length=200)] | None = "topic"
    replay: Replay | None = None
    after: str | None = None
    correlation_id: str | None = None


class ChainStatus(msgspec.Struct, frozen=True, rename="camel"):
    """Where a run stands in its chain: the runs of entity types of one instance, in order.

    Attributes:
        first: correlation ID of the chain's first run.
        order: the entity types of the chain; the run's is one of them.
        next_run: correlation ID of the run that follows, once this one has ended well.
        ended: why no run follows although the order has more.
    """

    first: str
    order: list[str]
    next_run: str | None = None
    ended: str | None = None


class RunStatus(msgspec.Struct, rename="camel"):
    """The state of a run; data of every event on the status topic.

    Attributes:
        correlation_id: names the run.
        instance: name of the instance.
        mode: incremental, reset_cursor or force_full.
        trigger: who asked: console, cli, topic, api, schedule, hook, replay, chain.
        state: queued, extracting, in_progress, succeeded, partial_success, failed or cancelled;
            rejected if there will be no run.
        seq: only rises within a run; drop an event whose number is not above the last one seen.
        total: records discovered; the sum of success, skipped, failed and in_flight.
        success: records written to the target.
        skipped: records not written, for the reasons in skip_reasons.
        failed: records not written after all retries; each is one dead letter.
        in_flight: records without an outcome yet.
        positions: at which stages they are, as the stages have told by now: each tells at most
            twice a second. They add up to in_flight. Null where it is not known: of replays.
        skip_reasons: records by unchanged, excluded, superseded, cancelled; without zeros.
        extracted: whether the source was read to its end; then total rises no more.
        code: why it was rejected, for programs: invalid_input, not_found or conflict.
        reason: why it was rejected or failed, or what it waits for.
        problems: the mistakes of a rejected trigger, each with its JSON path and a message.
        paused_by: who paused the run, while it is paused.
        cancel_requested_by: who cancelled it; until it has ended it is being cancelled.
        needs_attention: why a person has to resume or cancel it: what failed beyond the failure
            budget of its instance. It is paused meanwhile.
        notices: remarks that are no failures, each with a code, a message for people, the number
            of records and some of their source IDs.
        waiting_until: when the last of the waiting retries is due, RFC 3339.
        cursor_before: cursor that the run started from.
        cursor_after: cursor at the end of the run.
        started_at: RFC 3339.
        finished_at: RFC 3339.
        chain: its place among the runs of an instance's order; null where it runs alone.
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
    positions: list[StagePosition] | None = None
    skip_reasons: dict[str, int] = {}
    extracted: bool = False
    code: str | None = None
    reason: str | None = None
    problems: list[dict[str, str]] = []
    notices: list[Notice] = []
    paused_by: str | None = None
    cancel_requested_by: str | None = None
    needs_attention: str | None = None
    waiting_until: str | None = None
    cursor_before: str | None = None
    cursor_after: str | None = None
    mapping_version: int | None = None
    started_at: str | None = None
    finished_at: str | None = None
    chain: ChainStatus | None = None


class RecordDeadLettered(RunStatus, kw_only=True, rename="camel"):
    """A record of a run failed for good and waits for a person; with the state of the run.

    Attributes:
        dead_letter_id: names its dead letter; the `id` of its message on the DLQ topic.
        source_id: names the record.
        stage: where it failed.
        failure: why.
    """

    dead_letter_id: str
    source_id: str
    stage: str
    failure: Failure


class DeadLetter(msgspec.Struct, omit_defaults=True, rename="camel"):
    """One record that failed for good.

    Attributes:
        id: the same for every copy of this dead letter.
        correlation_id: names its run.
        stream: number of the stream (instance, entity type).
        instance: name of the instance.
        instance_id: its ID.
        source_profile: ID of the source's profile.
        target_profile: ID of the target's profile.
        source_id: names the record in the source.
        batch: number of its batch in the run.
        slot: its position in the batch, from 0.
        stage: where it failed: ingest, normalize, transform or execute.
        failure: the last error.
        attempts: every attempt with its time and error, oldest first.
        mapping: ID of the mapping.
        mapping_version: the version that the run pinned.
        failed_at: RFC 3339.
        payload: the failed stage's input; null if it could not be read.
        row_hash: digest of the source row.
        version: when the record was read, in microseconds since 1970.
    """

    id: str
    correlation_id: str
    tenant: str
    stream: int
    instance: str
    instance_id: str
    source_profile: str
    target_profile: str
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
    payload: msgspec.Raw
    row_hash: str | None = None
    version: int = 0

    def __post_init__(self) -> None:
        ids = (self.id, self.correlation_id, self.instance_id, self.row_hash)
        for id_ in filter(None, ids):
            UUID(id_)
        datetime.fromisoformat(self.failed_at)


def cloud_event(
    type_: str, source: str, subject: str, data: object, now: datetime, id_: str | None = None
) -> bytes:
    """Encode a CloudEvent.

    Args:
        type_: one of this module's event types.
        source: the service, e.g. `finalize`.
        subject: the correlation ID.
        id_: the same for every copy of the event; without it, a new one.
    """
    id_ = id_ or str(uuid7())
    return encode(CloudEvent(id_, f"/syncline/{source}", type_, now, subject, data))


def event_data(value: bytes) -> tuple[str | None, Any]:
    """Return a CloudEvent's type and data, or None and the whole value. Raises DecodeError."""
    decoded = decoder_of(object).decode(value)
    if isinstance(decoded, dict) and "specversion" in decoded:
        return decoded.get("type"), decoded.get("data")
    return None, decoded
