"""Replays: which dead letters, from which stage, with which edits. Spec section 5."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid5

import msgspec

from syncline.domain.configuration.documents import status_of
from syncline.domain.conversion import converted
from syncline.domain.dead_letter.patch import mistake_of
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject, is_storable, unstorable
from syncline.domain.validation_errors import PartError

_NAMESPACE = UUID("6f9c2d84-5b0e-5a6e-9d57-2f4c3b1a7e90")


class PoisonMessage(msgspec.Struct, frozen=True):
    """A message that no stage could decode: its position, its bytes, and what was wrong."""

    id: str
    topic: str
    partition: int
    offset: int
    stage: str
    error: str
    payload: bytes | None


class ReplayItem(msgspec.Struct, frozen=True):
    """A dead letter to be replayed.

    Attributes:
        size: bytes of its payload; None where there is none.
    """

    id: str
    source_id: str
    stage: str
    size: int | None
    row_hash: str | None
    version: int


def dead_letter_id(run_id: str, batch: int, slot: int) -> str:
    """Return the ID of the dead letter of one record of a run: the same for every copy."""
    return str(uuid5(_NAMESPACE, f"{run_id}/{batch}/{slot}"))


def poison_id(topic: str, partition: int, offset: int) -> str:
    """Return the ID of a message that could not be decoded."""
    return str(uuid5(_NAMESPACE, f"{topic}/{partition}/{offset}"))


MAX_REPLAY = 1000
FAILED, INGEST = "failed", "ingest"
STARTS = (FAILED, INGEST)
"""Where a replay may begin: at the failed stage's input, or at the source."""


class Replay(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """Which dead letters a run replays.

    Attributes:
        entries: IDs of the dead letters, all of one stream.
        from_stage: `failed` (the input of the stage that failed) or `ingest` (read again from the
            source).
        edits: entry ID -> JSON Patch to apply to its payload first.
        reason: why it was edited.
    """

    entries: tuple[str, ...]
    from_stage: str = FAILED
    edits: dict[str, list[JsonObject]] = {}
    reason: str | None = None


UNREADABLE = "the message could not be read, so there is no record to replay"
AMBIGUOUS = "ambiguous_write"
"""Code of a write that may or may not have been applied."""
UNCHECKED = (
    "the target may hold these already: check it, then replay them one by one, by their IDs, or "
    "discard them"
)
ERASED = "its payload was erased: run its record again"
_NO_ID = "it has no ID by which it could be read again: correct it in the source, then run again"
HOPELESS = {
    "missing_source_id": _NO_ID,
    "source_id_too_long": _NO_ID,
    "invalid_character": _NO_ID,
}
"""Codes of records that Ingest refused because of their ID -> why they cannot be replayed."""


class StreamStanding(msgspec.Struct, frozen=True):
    """The state of a dead letter's stream; `removed`: its instance no longer syncs that type."""

    instance: str
    entity_type: str
    removed: bool
    enabled: bool
    inactive_profiles: tuple[str, ...] = ()


def hindrance_of(standing: StreamStanding | None, stage: str, code: str) -> str | None:
    """Return why a dead letter cannot be replayed, None if it can; poison has no stream."""
    if standing is None:
        return UNREADABLE
    if standing.removed:
        return (
            f"instance {standing.instance!r} has no entity type {standing.entity_type!r} any more"
        )
    status, cause = status_of(
        enabled=standing.enabled, inactive_profiles=standing.inactive_profiles
    )
    if cause is not None:
        return f"instance {standing.instance!r} is {status.replace('_', ' ').title()}: {cause}"
    return HOPELESS.get(code) if stage == INGEST else None


def read_replay(value: object) -> Replay:
    """Return the replay block of a trigger. Raises PartError, which names every mistake."""
    try:
        replay = converted(value, Replay)
    except InvalidInputError as error:
        raise PartError(error.problems) from None
    problems = list(_problems(replay))
    if problems:
        raise PartError(problems)
    return replay


def _problems(replay: Replay) -> Iterator[Problem]:
    yield from _entry_problems(replay)
    if replay.from_stage not in STARTS:
        message = f"must be one of {', '.join(STARTS)}, not {replay.from_stage[:80]!a}"
        yield Problem("$.fromStage", message)
    if replay.edits and replay.from_stage == INGEST:
        message = "cannot be combined with `fromStage: ingest`, which reads the source again"
        yield Problem("$.edits", message)
    if replay.reason is not None and (len(replay.reason) > 500 or not is_storable(replay.reason)):
        yield Problem("$.reason", "must be text of at most 500 characters")
    for entry, patch in replay.edits.items():
        yield from _edit_problems(replay, entry, patch)


def _entry_problems(replay: Replay) -> Iterator[Problem]:
    if not 1 <= len(replay.entries) <= MAX_REPLAY:
        yield Problem("$.entries", f"must name 1 to {MAX_REPLAY} dead letters")
    for place, entry in enumerate(replay.entries):
        if not _is_id(entry):
            yield Problem(f"$.entries[{place}]", f"{entry[:80]!a} is no ID of a dead letter")
    if len(set(replay.entries)) < len(replay.entries):
        yield Problem("$.entries", "names a dead letter twice")


def _edit_problems(replay: Replay, entry: str, patch: list[JsonObject]) -> Iterator[Problem]:
    path = f"$.edits.{entry[:80]}"
    if entry not in replay.entries:
        yield Problem(path, "is not among the entries")
    if any(unstorable(patch)):
        yield Problem(path, "holds a NUL character or a lone surrogate")
    if (mistake := mistake_of(patch)) is not None:
        yield Problem(path, mistake)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:  # the answer is No
        return False
