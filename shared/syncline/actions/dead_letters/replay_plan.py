"""Planning a replay: which entries go into which runs, and what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import msgspec
from uuid6 import uuid7

from syncline.actions.dead_letters.dead_letter_detail import PayloadEdit
from syncline.contracts.outbound import trigger_message
from syncline.contracts.wire import Outbound
from syncline.domain.dead_letter.replay import AMBIGUOUS, UNCHECKED
from syncline.domain.record import JsonObject
from syncline.domain.trigger import parse_trigger
from syncline.postgres.dead_letters.queue import DeadLetterView

ACCEPTED = "accepted"
"""Result of an entry whose run was accepted, for callers that do not wait for its end."""
_GOOD = ("success", "unchanged", "excluded", "superseded", "in_flight")


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How entries are to be replayed, and who asks.

    Attributes:
        source: what sends the triggers: `cli`, `gateway`.
        from_stage: `failed` or `ingest`.
        edit: a change of one entry.
        named: each entry was named, not found by a filter: what may have been written goes too.
        key: gives the runs their IDs: with the same key they are the same runs. None is new ones.
    """

    tenant: str
    actor: str
    source: str
    from_stage: str
    reason: str | None = None
    edit: PayloadEdit | None = None
    named: bool = True
    key: str | None = None


class ReplayRun(msgspec.Struct, frozen=True):
    """A run that replays entries of one stream, and the message that triggers it."""

    run_id: str
    message: Outbound
    entries: list[DeadLetterView]


class ReplayResult(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one entry; `result` is its record's outcome, or why it was refused."""

    id: str
    instance: str | None
    entity_type: str | None
    source_id: str | None
    correlation_id: str | None
    result: str

    @classmethod
    def of(cls, entry: DeadLetterView, run_id: str | None, result: str) -> ReplayResult:
        return cls(entry.id, entry.instance, entry.entity_type, entry.source_id, run_id, result)

    @property
    def is_good(self) -> bool:
        return self.correlation_id is not None and self.result in _GOOD


def plan(
    entries: Sequence[DeadLetterView], request: ReplayRequest, now: datetime
) -> tuple[list[ReplayRun], list[ReplayResult]]:
    """Group entries into runs by instance and entity type; also return refused entries' results.

    Raises InvalidInputError where the edit does not apply.
    """
    results: list[ReplayResult] = []
    streams: dict[tuple[str, str], list[DeadLetterView]] = defaultdict(list)
    for entry in entries:
        why = refusal(entry, named=request.named)
        if why is None:
            streams[entry.instance or "", entry.entity_type or ""].append(entry)
        elif _is_repeated(entry, request):
            results.append(ReplayResult.of(entry, entry.replay_run, ACCEPTED))
        else:
            results.append(ReplayResult.of(entry, None, why))
    runs = []
    for (instance, entity_type), several in streams.items():
        fields = replay_fields(instance, entity_type, [entry.id for entry in several], request)
        parse_trigger(fields)
        run_id = _run_id(request.key, instance, entity_type)
        message = trigger_message(run_id, fields, request.source, now)
        runs.append(ReplayRun(run_id, message, several))
    return runs, results


def replay_fields(
    instance: str, entity_type: str, entries: Sequence[str], request: ReplayRequest
) -> JsonObject:
    """Return the fields of the trigger that replays entries of one stream."""
    block: JsonObject = {"entries": list(entries), "fromStage": request.from_stage}
    if request.edit is not None:
        block["edits"] = {request.edit.entry: request.edit.patch}
    if request.reason is not None:
        block["reason"] = request.reason
    return {
        "instance": instance,
        "entityType": entity_type,
        "onOverlap": "queue",
        "tenant": request.tenant,
        "actor": request.actor,
        "trigger": "replay",
        "replay": block,
    }


def refusal(entry: DeadLetterView, *, named: bool = True) -> str | None:
    """Return why an entry cannot be replayed, None if it can."""
    why = entry.hindrance
    if why is None and entry.code == AMBIGUOUS and not named:
        why = UNCHECKED
    return why and f"refused: {why}"


def results_of(
    run: ReplayRun, refused: str | None, outcomes: Mapping[str, str], unknown: str = "in_flight"
) -> list[ReplayResult]:
    """Say what became of the entries of one run, by source ID, or why the run was refused."""
    if refused is not None:
        return [ReplayResult.of(entry, None, f"refused: {refused}") for entry in run.entries]
    return [
        ReplayResult.of(entry, run.run_id, outcomes.get(entry.source_id or "", unknown))
        for entry in run.entries
    ]


def _is_repeated(entry: DeadLetterView, request: ReplayRequest) -> bool:
    """Tell whether the same request has replayed an entry before: the key names the run."""
    run_id = _run_id(request.key, entry.instance or "", entry.entity_type or "")
    return request.key is not None and entry.replay_run == run_id


def _run_id(key: str | None, instance: str, entity_type: str) -> str:
    return str(uuid7() if key is None else uuid5(UUID(key), f"{instance}/{entity_type}"))
