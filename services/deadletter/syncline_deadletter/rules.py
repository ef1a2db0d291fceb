"""Messages of the DLQ topic: dead letters of records, and poison that no stage could decode."""

from __future__ import annotations

import msgspec

from syncline.contracts.dead_letters import facts_of
from syncline.contracts.events import CloudEvent, DeadLetter
from syncline.contracts.messages import BatchOutcomes, DeadLetterRef, Settled, decoder_of
from syncline.contracts.run_ref import RunRef, Runs, require_same, run_of
from syncline.contracts.wire import Delivery
from syncline.domain.dead_letter.replay import PoisonMessage, dead_letter_id, poison_id
from syncline.domain.run import Outcome


class DlqMessage(msgspec.Struct, frozen=True):
    """A message of the DLQ: a record's dead letter, and the poison it is stored as otherwise."""

    record: DeadLetter | None
    poison: PoisonMessage


_decode = decoder_of(CloudEvent[DeadLetter]).decode


def decode(delivery: Delivery, runs: Runs) -> DlqMessage:
    """Read a DLQ message. A message that is no dead letter is stored as poison.

    Raises ForeignMessageError: a dead letter that is not of the run that it names.
    """
    headers = dict(delivery.headers)
    if "dlq-error-code" in headers:
        try:
            return DlqMessage(None, _poison(headers, delivery.value))
        except ValueError as error:
            return DlqMessage(None, stray(delivery, f"not a dead letter: {error}"))
    try:
        event: CloudEvent[DeadLetter] = _decode(delivery.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return DlqMessage(None, stray(delivery, f"not a dead letter: {error}"))
    letter = _of_run(event.data, run_of(delivery, runs))
    return DlqMessage(letter, stray(delivery, "a dead letter that cannot be stored"))


def _of_run(letter: DeadLetter, run: RunRef) -> DeadLetter:
    """Return a dead letter with what is known of its run in place of what it says of it."""
    require_same(letter.correlation_id, run)
    known = dead_letter_id(run.id, letter.batch, letter.slot)
    return msgspec.structs.replace(letter, id=known, **facts_of(run))


def _poison(headers: dict[str, bytes], value: bytes | None) -> PoisonMessage:
    def text(name: str) -> str:
        return headers.get(f"dlq-{name}", b"").decode(errors="replace")

    def number(name: str, most: int) -> int:
        digits = text(name)
        if not digits.isdecimal() or len(digits) > 19 or int(digits) > most:
            raise ValueError(f"its header dlq-{name} is not a number that Kafka uses")
        return int(digits)

    topic = text("original-topic")
    if not topic:
        raise ValueError("it has no header dlq-original-topic")
    partition, offset = (
        number("original-partition", 2**31 - 1),
        number("original-offset", 2**63 - 1),
    )
    return PoisonMessage(
        id=poison_id(topic, partition, offset),
        topic=topic,
        partition=partition,
        offset=offset,
        stage=text("stage"),
        error=text("error-message"),
        payload=value,
    )


def stray(delivery: Delivery, error: str) -> PoisonMessage:
    """Return the poison for a message of the DLQ itself."""
    return PoisonMessage(
        id=poison_id(delivery.topic, delivery.partition, delivery.offset),
        topic=delivery.topic,
        partition=delivery.partition,
        offset=delivery.offset,
        stage="deadletter",
        error=error,
        payload=delivery.value,
    )


def settled(letter: DeadLetter) -> Settled:
    """Report that a record failed, now that its dead letter is stored."""
    run = RunRef(
        id=letter.correlation_id,
        tenant=letter.tenant,
        stream=letter.stream,
        instance=letter.instance_id,
        entity_type=letter.entity_type,
        source=letter.source_profile,
        target=letter.target_profile,
        mapping=letter.mapping,
        mapping_version=letter.mapping_version,
        instance_name=letter.instance,
    )
    reference = DeadLetterRef(letter.id, letter.source_id, letter.stage, letter.failure)
    outcomes = BatchOutcomes(letter.batch, [letter.slot], Outcome.FAILED.value)
    return Settled(run, [outcomes], letter.stage, [reference])
