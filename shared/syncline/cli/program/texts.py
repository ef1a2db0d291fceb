"""How runs, times and numbers are shown to people, and as documents to programs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from syncline.contracts.events import RunStatus
from syncline.contracts.status import status_of
from syncline.domain.reach import StagePosition
from syncline.domain.record import JsonObject
from syncline.domain.run import Notice, Run, State

REJECTED = "rejected"
_FINAL = {state.value for state in State if state.is_final} | {REJECTED}


def is_final(state: str) -> bool:
    """Tell whether nothing follows the state of a status event."""
    return state in _FINAL


def label(state: str) -> str:
    """Return a state as people see it: `Partial Success`."""
    return state.replace("_", " ").title()


def state_label(run: Run | RunStatus, now: datetime) -> str:
    """Return a run's state as people see it, or what holds it at a time: as the console does."""
    if is_final(run.state):
        return label(run.state)
    if run.cancel_requested_by:
        return "Cancelling"
    if run.needs_attention:
        return "Needs Attention"
    if run.paused_by:
        return "Paused"
    return "Waiting" if is_waiting(run, now) else label(run.state)


def is_waiting(run: Run | RunStatus, now: datetime) -> bool:
    """Tell whether some of a run is tried again later than `now`."""
    until = run.retry_due_at if isinstance(run, Run) else run.waiting_until
    if isinstance(until, str):
        until = datetime.fromisoformat(until)
    return until is not None and until > now


def number(value: int) -> str:
    """Return 1234567 as `1,234,567`."""
    return f"{value:,}"


def counters(status: RunStatus) -> str:
    """Return the four counters in one line, skip reasons with them."""
    reasons = ", ".join(f"{name} {number(n)}" for name, n in sorted(status.skip_reasons.items()))
    skipped = number(status.skipped) + (f" ({reasons})" if reasons else "")
    parts = [
        f"total {number(status.total)}",
        f"success {number(status.success)}",
        f"skipped {skipped}",
        f"failed {number(status.failed)}",
    ]
    if status.in_flight:
        parts.append(f"in flight {number(status.in_flight)}")
    return "  ".join(parts)


def whereabouts(positions: Sequence[StagePosition] | None) -> str:
    """Say where the records in flight are: `1,200 before normalize, 50 in execute`."""
    words = []
    for at in positions or ():
        words += [f"{number(at.before)} before {at.stage}"] if at.before else []
        words += [f"{number(at.inside)} in {at.stage}"] if at.inside else []
    return ", ".join(words)


def notice_lines(notices: Iterable[Notice]) -> list[str]:
    """Return what a run tells of itself that is no failure, a line each."""
    return [f"note: {notice.message}{_records(notice)}" for notice in notices]


def _records(notice: Notice) -> str:
    """Name some of the records that a notice is about."""
    if not notice.source_ids:
        return ""
    left = "" if notice.count <= len(notice.source_ids) else ", …"
    return f" ({plural(notice.count, 'record')}: {', '.join(notice.source_ids)}{left})"


def moment(time: datetime | None) -> str:
    """Return a time in UTC to the second, `2026-01-31 08:15:00Z`."""
    return "" if time is None else time.strftime("%Y-%m-%d %H:%M:%SZ")


def duration(seconds: float | None) -> str:
    """Return a duration as `40 ms`, `2.4 s`, `1 min 05 s`, `2 h 03 min`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def seconds_between(begin: str | None, end: str | None) -> float | None:
    """Return the seconds between two RFC 3339 times, None where one is missing."""
    if begin is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def plural(count: int, word: str, words: str | None = None) -> str:
    """Return `1 entry`, `2,000 entries`."""
    return f"{number(count)} {word if count == 1 else words or word + 's'}"


def short_id(letter_id: str) -> str:
    """Return the beginning of a dead letter's ID, which is enough to name it."""
    return letter_id[:8]


def seconds_of(run: Run) -> float | None:
    """Return how long a run took, None while it has not ended."""
    if run.finished_at is None:
        return None
    return (run.finished_at - (run.started_at or run.created_at)).total_seconds()


def status_document(status: RunStatus) -> JsonObject:
    """Return a status as a document."""
    document: JsonObject = msgspec.to_builtins(status)
    return document


def run_document(run: Run) -> JsonObject:
    """Return a run as a document: what its status events say, and what was asked for."""
    return status_document(status_of(run)) | {
        "actor": run.actor,
        "sourceIds": run.source_ids,
        "maxEntities": run.max_entities,
        "batchSize": run.batch_size,
        "replayOf": run.parent,
        "failure": run.failure,
        "createdAt": run.created_at.isoformat(),
        "extractedAt": run.extracted_at.isoformat() if run.extracted_at else None,
        "seconds": seconds_of(run),
    }
