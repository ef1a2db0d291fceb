"""A run: its modes, states and counters, how it ends, and when it is given up. Spec section 2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.reach import InFlight, StagePosition
from syncline.domain.record import JsonObject


class Mode(StrEnum):
    """What is read and whether smart sync applies: spec section 2.2."""

    INCREMENTAL = "incremental"
    RESET_CURSOR = "reset_cursor"
    FORCE_FULL = "force_full"


class Overlap(StrEnum):
    """What happens to a trigger while a run of the same stream is active."""

    REJECT = "reject"
    QUEUE = "queue"
    SKIP = "skip"


class State(StrEnum):
    """The state of a run: spec section 2.3."""

    QUEUED = "queued"
    EXTRACTING = "extracting"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    PARTIAL_SUCCESS = "partial_success"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in FINAL

    @property
    def label(self) -> str:
        """As people see it: `Partial Success`."""
        return self.value.replace("_", " ").title()


FINAL = frozenset({State.SUCCEEDED, State.PARTIAL_SUCCESS, State.FAILED, State.CANCELLED})


class Outcome(StrEnum):
    """How a record ended; the value is the code in its slot of the batch row."""

    SUCCESS = "S"
    UNCHANGED = "U"
    EXCLUDED = "X"
    SUPERSEDED = "P"
    CANCELLED = "C"
    FAILED = "F"


PENDING = "."
"""The code of a slot without an outcome."""


class Counters(msgspec.Struct, frozen=True, rename="camel"):
    """The four counters in records; skipped ones by reason."""

    total: int = 0
    success: int = 0
    unchanged: int = 0
    excluded: int = 0
    superseded: int = 0
    cancelled: int = 0
    failed: int = 0

    @property
    def skipped(self) -> int:
        return self.unchanged + self.excluded + self.superseded + self.cancelled

    @property
    def done(self) -> int:
        return self.success + self.skipped + self.failed

    @property
    def in_flight(self) -> int:
        return self.total - self.done


class Notice(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A remark of a run that a person should know and that is no failure.

    Attributes:
        code: stable machine name in snake_case, e.g. `capped`, `cursor_in_future`.
        message: one sentence for a person: what was seen, and what would help.
        count: number of its records; 0 if it is about the run.
        source_ids: some of them, at most ten.
    """

    code: str
    message: str
    count: int = 0
    source_ids: tuple[str, ...] = ()


class Run(msgspec.Struct, kw_only=True, rename="camel"):
    """One execution of one stream. What was pinned at acceptance never changes.

    Attributes:
        id: the correlation ID.
        stream: number of its stream.
        instance, source, target, mapping: IDs; `instance_name` is for people.
        trigger: who asked: console, cli, topic, api, schedule, hook, replay, chain.
        chain: correlation ID of the first run of its chain; None where it is in none.
        chain_order: the entity types of its chain, in their order.
        first_load: the stream's ledger was empty when it began.
        cursor_before, cursor_after: the cursor at its start and at its end.
        status_seq: sequence number of its newest status event.
        in_flight: its records without an outcome that stages after Ingest have come to.
        needs_attention: why it waits for a person, being over its failure budget.
        notices: each code once.
    """

    id: str
    tenant: str
    stream: int
    instance: str
    instance_name: str
    entity_type: str
    source: str
    target: str
    mapping: str
    mapping_version: int
    mode: Mode
    trigger: str
    actor: str
    source_ids: list[str] | None = None
    max_entities: int | None = None
    batch_size: int
    lanes: int
    first_load: bool = False
    replay: JsonObject | None = None
    parent: str | None = None
    chain: str | None = None
    chain_order: list[str] | None = None
    state: State
    reason: str | None = None
    failure: JsonObject | None = None
    extracted: bool
    counters: Counters
    in_flight: InFlight = InFlight()
    cursor_before: str | None = None
    cursor_after: str | None = None
    status_seq: int
    notices: list[Notice] = []
    retry_due_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cancel_requested_by: str | None = None
    paused_at: datetime | None = None
    paused_by: str | None = None
    needs_attention: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    extracted_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def positions(self) -> list[StagePosition] | None:
        """Where its records in flight are; None: those of a replay begin in any stage."""
        if self.replay is not None:
            return None
        return self.in_flight.positions(self.counters.in_flight)


def outcome_name(code: str) -> str:
    """Return an outcome's name: `success`, `unchanged`, …, `in_flight`."""
    return "in_flight" if code == PENDING else Outcome(code).name.lower()


def final_state(
    counters: Counters,
    *,
    extraction_failed: bool,
    cancelled: bool,
    stalled: bool = False,
    halted: bool = False,
) -> State:
    """Decide how a run whose records all have outcomes ended (spec section 2.3).

    Args:
        extraction_failed: the source could not be read to its end.
        stalled: the run was closed because nothing moved.
        halted: the target refused the whole call, so the run stopped writing.
    """
    if cancelled and not halted:
        return State.CANCELLED
    if halted or stalled:
        return State.FAILED
    nothing_done = counters.success + counters.skipped == 0
    if extraction_failed:
        return State.FAILED if nothing_done else State.PARTIAL_SUCCESS
    if counters.failed == 0:
        return State.SUCCEEDED
    return State.FAILED if counters.failed == counters.total else State.PARTIAL_SUCCESS


STALLED = "stalled"
STALL_GRACE = 0.1
"""Share of the stall time that a run gets after it was first suspected.

A suspicion travels over the broker as reports do, so it waits through an outage, too. After the
outage a run has this long to move before it is closed.
"""
_NAMED = 10
"""Records that the reason names."""


def stall_reason(missing: Sequence[tuple[str, str]], after: float) -> str:
    """Return why a run was closed: which stages and source IDs had no outcome for how long."""
    still = f"{STALLED}: nothing moved for {_duration(after)}"
    if not missing:
        return f"{still}; ingest did not end reading the source"
    by_stage: dict[str, list[str]] = defaultdict(list)
    for stage, source_id in missing:
        by_stage[stage].append(source_id)
    return f"{still}; no outcome came of " + "; ".join(
        f"{len(ids)} record{'s' * (len(ids) != 1)} last seen on the way into {stage}: {_named(ids)}"
        for stage, ids in sorted(by_stage.items())
    )


def stall_failure(stage: str, after: float) -> Failure:
    """Return the failure of a record of such a run."""
    message = f"no outcome came from {stage} or a later stage; nothing moved for {_duration(after)}"
    return Failure(Category.UNKNOWN, STALLED, message)


def _duration(seconds: float) -> str:
    """Return a length of time for people."""
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _named(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED
    return ", ".join(ids[:_NAMED]) + (f" and {more} more" if more > 0 else "")
