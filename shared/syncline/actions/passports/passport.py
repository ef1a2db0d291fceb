"""The passport of a record in one run: what each stage took and gave, and the outcome.

Payloads are not stored a second time: they are read from the stage topics, which keep them for a
while, and from the dead letter of a record that failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import structlog

from syncline.actions.passports.field_changes import FieldChange, changes_of, good_fields, unused
from syncline.actions.passports.steps import (
    ABSENT,
    ERASED,
    GONE,
    HIDDEN,
    KEPT,
    KINDS,
    NOT_FOUND,
    UNAVAILABLE,
    Passport,
    PassportPayload,
    expected,
    steps_of,
)
from syncline.contracts.bundle import decode_bundle, encoded_records
from syncline.contracts.messages import encode
from syncline.contracts.topics import BY_NAME, DAY, INPUT_OF, Stage
from syncline.contracts.wire import Delivery, lane_spread
from syncline.domain.errors import FailureError
from syncline.domain.mapping.document import Mapping as MappingDocument
from syncline.domain.mapping.document import Normalization, Transformation
from syncline.domain.mapping.validation import parse
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.message_search import Look, Sighting, locate
from syncline.postgres.audit.log import audit_view
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.runs.record_states import (
    RecordState,
    RecordTrace,
    newest_run_of,
    trace_record,
)
from syncline.telemetry.masking import Secrets

WITHIN = 4.0
"""Seconds that the topics are read for."""
MOST = 256 * 1024 * 1024
"""Bytes of messages that are looked through."""
AROUND = timedelta(minutes=2)
"""A message may carry the time of another machine's clock."""
log = structlog.get_logger()


class Passports:
    """Reads passports, with the mapping that the run pinned and without what must not be shown."""

    def __init__(
        self, database: Database, kafka: KafkaConnection, configuration: Configuration
    ) -> None:
        self._database = database
        self._kafka = kafka
        self._configuration = configuration

    async def of(
        self, tenant: str, source_id: str, run_id: str | None, now: datetime, viewer: str | None
    ) -> Passport:
        """Read a record's passport in a run, or in the newest that has it. Raises NotFoundError.

        While Kafka is away payloads are unavailable.

        Args:
            viewer: who asks, and may see payloads: the look is audited. None hides them.
        """
        run_id = run_id or await newest_run_of(self._database, tenant, source_id)
        found = await trace_record(self._database, tenant, source_id, run_id)
        secrets = await self._configuration.secrets(tenant)
        seen = await self._payloads(found, now)
        hidden = HIDDEN if viewer is None else ERASED if found.erased_at is not None else None
        payloads = {kind: _shown(payload, secrets, hidden) for kind, payload in seen.items()}
        if viewer is not None and hidden is None:
            details = {"instance": found.record.instance, "run": run_id}
            await audit_view(self._database, tenant, viewer, "payload.viewed", source_id, details)
        version = found.record.mapping_version
        document = await self._configuration.mapping_document(tenant, found.mapping, version)
        mapping = parse(document, stored=True)
        texts = {kind: p.text.encode() for kind, p in payloads.items() if p.text is not None}
        changes = _changes(found.record, mapping, texts, secrets)
        raw = texts.get(KINDS[0])
        steps = steps_of(found.record, seen, found.attempts, changes)
        unread = unused(mapping.normalization.fields, raw)
        shown = list(payloads.values())
        return Passport(place=found.record, steps=steps, payloads=shown, unused=unread)

    async def _payloads(self, found: RecordTrace, now: datetime) -> dict[str, PassportPayload]:
        kinds = expected(found.record)
        payloads = {kind: _without(kind, ABSENT) for kind in KINDS}
        try:
            looks = [_look(kind, found, now) for kind in kinds]
            sightings = await locate(self._kafka, looks, within=WITHIN, most=MOST)
        except FailureError as error:
            log.warning("payloads_unavailable", reason=str(error))
            payloads |= {k: _without(k, UNAVAILABLE) for k in kinds}
        else:
            pairs = zip(kinds, sightings, strict=True)
            payloads |= {kind: _seen(kind, sighting, found.record) for kind, sighting in pairs}
        return payloads | _of_letter(found, payloads)


def _changes(
    record: RecordState, mapping: MappingDocument, texts: Mapping[str, bytes], secrets: Secrets
) -> dict[Stage, list[FieldChange]]:
    """Return what mapping stages made of each field, of the good ones beside broken ones too."""
    raw, canonical, payload = (texts.get(kind) for kind in KINDS)
    blocks: dict[Stage, tuple[Normalization | Transformation, bytes | None, bytes | None]] = {
        Stage.NORMALIZE: (mapping.normalization, raw, canonical),
        Stage.TRANSFORM: (mapping.transformation, canonical, payload),
    }
    changes = {}
    for stage, (block, given, made) in blocks.items():
        broken: dict[int, str] = {}
        if record.gave_up == stage and given is not None and made is None:
            good = good_fields(mapping, stage, given)
            made = good.made  # noqa: PLW2901 - what would have been sent on
            broken = {place: secrets.mask(f.message) for place, f in good.broken.items()}
        changes[stage] = changes_of(block, given, made, broken)
    return changes


def _look(kind: str, found: RecordTrace, now: datetime) -> Look:
    record = found.record
    name = encode(record.source_id)

    def is_it(delivery: Delivery) -> bool:
        value = delivery.value or b""
        return name in value and _at(value, record) is not None

    since = _milliseconds(record.created_at - AROUND)
    until = _milliseconds((record.finished_at or now) + AROUND)
    run = record.correlation_id
    return Look(kind, lane_spread(run, found.lane), run.encode(), since, until, is_it)


def _at(value: bytes, record: RecordState) -> bytes | None:
    """Return the record's JSON when a message holds it."""
    try:
        bundle = decode_bundle(value)
        place = bundle.place_of(record.batch, record.slot)
        return None if place is None else encoded_records(bundle, [place])[0]
    except (ValueError, RecursionError):
        return None  # nobody's message: whoever reads that topic makes it poison


def _seen(kind: str, sighting: Sighting, record: RecordState) -> PassportPayload:
    delivery = sighting.delivery
    text = None if delivery is None else _at(delivery.value or b"", record)
    if delivery is None or text is None:
        unseen = ABSENT if sighting.is_complete else NOT_FOUND
        return _without(kind, GONE if sighting.is_gone else unseen)
    return msgspec.structs.replace(
        _without(kind, KEPT),
        text=_text(text),
        origin="topic",
        partition=delivery.partition,
        offset=delivery.offset,
        at=datetime.fromtimestamp(delivery.timestamp / 1000, UTC),
    )


def _without(kind: str, state: str) -> PassportPayload:
    return PassportPayload(kind=kind, state=state, kept_days=BY_NAME[kind].keep_ms // DAY)


def _of_letter(
    found: RecordTrace, payloads: Mapping[str, PassportPayload]
) -> dict[str, PassportPayload]:
    """Return the input of the stage that gave the record up, where its topic has it no more."""
    record = found.record
    kind = INPUT_OF.get(Stage(record.gave_up), KINDS[0]) if record.gave_up else KINDS[0]
    if found.payload is None or payloads[kind].text is not None:
        return {}
    text = _text(found.payload)
    own = _without(kind, KEPT)
    return {kind: msgspec.structs.replace(own, text=text, origin="dead_letter")}


def _text(record: bytes) -> str:
    return record.decode(errors="backslashreplace")


def _shown(payload: PassportPayload, secrets: Secrets, hidden: str | None) -> PassportPayload:
    if payload.text is None:
        return payload
    if hidden is not None:
        return msgspec.structs.replace(payload, state=hidden, text=None)
    return msgspec.structs.replace(payload, text=secrets.mask_json(payload.text))


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
