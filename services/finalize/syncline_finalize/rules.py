"""Which status events follow a run's reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from syncline.contracts import events
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import (
    DeadLetterRef,
    Report,
    Retrying,
    Settled,
    Waiting,
    dead_letters_in,
)
from syncline.contracts.outbound import trigger_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.status import status_message, status_of
from syncline.contracts.wire import Outbound
from syncline.domain.chain import next_run_id, next_trigger
from syncline.domain.run import Run, State

PROGRESS_EVERY = 0.25
"""Seconds between two progress events of a run (spec section 7: at most 4 a second)."""


def event_type(run: Run, reports: Iterable[Report]) -> str:
    """Return the type of a run's status event after these reports."""
    if run.state.is_final:
        return events.COMPLETED
    if run.needs_attention is not None:
        return events.NEEDS_ATTENTION
    if any(isinstance(report, Retrying | Waiting) for report in reports):
        return events.WAITING
    return events.EXTRACTING if run.state is State.EXTRACTING else events.PROGRESS


def status_event(
    run: Run, reports: Sequence[Report], now: datetime, still: str | None = None
) -> Outbound:
    """Make the status event of a run's state now; `still`: what it waits for since before."""
    status = status_of(run)
    type_ = event_type(run, reports)
    if type_ == events.WAITING:
        status.reason = waiting_for(reports)
    elif not run.state.is_final:
        status.reason = status.reason or still
    return status_message(type_, "finalize", status, now, f"{run.id}/{status.seq}")


def waiting_for(reports: Iterable[Report]) -> str:
    """Return in words what a run waits for."""
    again = sum(len(r.slots) for r in reports if isinstance(r, Retrying))
    paused = [r for r in reports if isinstance(r, Waiting)]
    words = [f"{again} record{'s' * (again != 1)} will be tried again"] if again else []
    if paused:
        count = sum(report.records for report in paused)
        latest = max(paused, key=lambda report: report.due_at)
        until = datetime.fromtimestamp(latest.due_at / 1000, UTC).isoformat(timespec="seconds")
        what = f"{count} record{'s' * (count != 1)}" if count else "reading"
        words.append(f"{what} waiting until {until}: {latest.reason}")
    return "; ".join(words)


def dead_letter_events(run: Run, reports: Iterable[Report], now: datetime) -> list[Outbound]:
    """Make the events of a run's dead letters, numbered up to just below the run's own event."""
    letters = dead_letters_in(reports)
    first = run.status_seq - len(letters)
    return [_dead_letter_event(run, letter, seq, now) for seq, letter in enumerate(letters, first)]


def next_in_chain(run: Run, now: datetime) -> list[Outbound]:
    """Ask for the run that follows an ended one in its chain, however often: it is one run."""
    fields = next_trigger(run)
    return [] if fields is None else [trigger_message(next_run_id(run.id), fields, "finalize", now)]


def settled_by_stall(run: RunRef, letters: Sequence[DeadLetter]) -> Settled:
    """Make the report that the records of a stalled run failed, as their stages would."""
    references = [DeadLetterRef(x.id, x.source_id, x.stage, x.failure) for x in letters]
    return Settled(run, [], "finalize", references)


def _dead_letter_event(run: Run, letter: DeadLetterRef, seq: int, now: datetime) -> Outbound:
    facts = msgspec.structs.asdict(status_of(run)) | {"seq": seq}
    event = events.RecordDeadLettered(
        **facts,
        dead_letter_id=letter.id,
        source_id=letter.source_id,
        stage=letter.stage,
        failure=letter.failure,
    )
    return status_message(events.RECORD_DEAD_LETTERED, "finalize", event, now, letter.id)
