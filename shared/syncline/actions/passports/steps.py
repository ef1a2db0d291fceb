"""What each stage did with one record, from its outcome and what was found of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from syncline.actions.passports.field_changes import FieldChange
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.postgres.runs.record_states import FailedAttempt, RecordState

KEPT, ABSENT, GONE = "kept", "absent", "gone"
NOT_FOUND, UNAVAILABLE = "not_found", "unavailable"
HIDDEN, ERASED = "hidden", "erased"
KINDS = tuple(INPUT_OF.values())
"""raw, canonical, payload: the topics between the stages."""
STAGES = tuple(Stage)
_ENDS = {
    "success": Stage.EXECUTE,
    "unchanged": Stage.EXECUTE,
    "superseded": Stage.EXECUTE,
    "excluded": Stage.TRANSFORM,
}
"""Outcomes that only one stage gives."""


class PassportPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A record as it lay on one stage topic.

    Attributes:
        kind: raw, canonical or payload: the topic.
        state: kept; absent: the record never came so far; gone: it was kept `kept_days` and is
            removed; not_found: not seen within the time that one look may take; unavailable:
            Kafka does not answer; hidden: whoever asks may not see payloads; erased: a person had
            them erased.
        text: the record's JSON; secrets are masked.
        origin: topic or dead_letter: where the text was read.
        at: when it was written there.
    """

    kind: str
    state: str
    kept_days: int
    text: str | None = None
    origin: str | None = None
    partition: int | None = None
    offset: int | None = None
    at: datetime | None = None


class PassportStep(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one stage did with the record.

    Attributes:
        result: passed, written, skipped, failed, in_flight, or not_reached.
        reason: why it was skipped.
        input, output: kinds of the passport's payloads; Ingest reads the source, Execute writes.
        changes: of the mapping stages, what became of each field.
        attempts: those that failed, each with time and error.
    """

    stage: str
    result: str
    reason: str | None
    input: str | None
    output: str | None
    changes: list[FieldChange]
    attempts: list[FailedAttempt]


class Passport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One record in one run; `unused` names fields of the source that the mapping does not read."""

    place: RecordState
    steps: list[PassportStep]
    payloads: list[PassportPayload]
    unused: list[str]


def expected(record: RecordState) -> list[str]:
    """Return the topics that may hold the record."""
    if not record.entry or record.entry == Stage.INGEST:
        return []  # settled or refused where it was read
    first = STAGES.index(Stage(record.entry))
    last = STAGES.index(_end(record) or Stage.EXECUTE)
    return [INPUT_OF[stage] for stage in STAGES[first : last + 1]]


def steps_of(
    record: RecordState,
    payloads: Mapping[str, PassportPayload],
    attempts: Sequence[FailedAttempt],
    changes: Mapping[Stage, list[FieldChange]],
) -> list[PassportStep]:
    """Return the steps of a record in the order of the stages."""
    end = STAGES.index(_end(record) or _furthest(record, payloads))
    steps = []
    for place, stage in enumerate(STAGES):
        result, reason = _result(record, place, end)
        reached = result != "not_reached"
        step = PassportStep(
            stage=stage.value,
            result=result,
            reason=reason,
            input=INPUT_OF.get(stage) if reached else None,
            output=KINDS[place] if reached and place < min(end, len(KINDS)) else None,
            changes=changes.get(stage, []) if reached else [],
            attempts=[attempt for attempt in attempts if attempt.stage == stage.value],
        )
        steps.append(step)
    return steps


def _result(record: RecordState, place: int, end: int) -> tuple[str, str | None]:
    entry = STAGES.index(Stage(record.entry)) if record.entry else 0
    if place > end or 0 < place < entry:  # a replay begins at a later stage
        return "not_reached", None
    if place < end:
        return "passed", None
    if record.outcome in ("failed", "in_flight"):
        return record.outcome, None
    if record.outcome == "success":
        return "written", None
    return "skipped", record.outcome


def _end(record: RecordState) -> Stage | None:
    """Return the stage where the record came to its outcome; None where that is not known."""
    if not record.entry:
        return Stage.INGEST
    if record.gave_up:
        return Stage(record.gave_up)
    return _ENDS.get(record.outcome)


def _furthest(record: RecordState, payloads: Mapping[str, PassportPayload]) -> Stage:
    """Return the last stage whose input was seen."""
    reached = [stage for stage, kind in INPUT_OF.items() if payloads[kind].state == KEPT]
    return reached[-1] if reached else Stage(record.entry)
