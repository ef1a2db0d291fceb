"""What the end of a run means for its stream, and what a run that needs attention.

What is notified of that, and when: `domain/notification/incident.py`.

| A run ends | It read records | Its stream |
|---|---|---|
| failed, partial success | - | fails that way, in the incident of its cause |
| the same way again | - | fails, in the incident that it is in |
| not: it needs attention | - | fails so, in the incident of its cause |
| succeeded | yes | works again |
| succeeded | no | no longer fails, but that is not proven: no recovery is notified |
| cancelled, or ended before the newest counted run | - | does not change |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from syncline.contracts.alerts import AlertData, Happening
from syncline.contracts.events import COMPLETED, NEEDS_ATTENTION, CloudEvent, RunStatus
from syncline.contracts.messages import decoder_of
from syncline.contracts.run_ref import ForeignMessageError, Runs, require_same, run_of
from syncline.contracts.wire import Delivery
from syncline.domain.dead_letter.fingerprint import pattern_of
from syncline.domain.notification.incident import Alert, AlertState, Cause, Subject
from syncline.domain.run import State


class RunEnd(msgspec.Struct, frozen=True):
    """The end of a run, or that it needs attention; and the time of that."""

    run: RunStatus
    at: datetime

    @property
    def subject(self) -> Subject:
        return Subject(self.run.tenant, self.run.instance, self.run.entity_type)


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head).decode
_decode = decoder_of(CloudEvent[RunStatus]).decode
_OF_STATE = {State.FAILED: Alert.RUN_FAILED, State.PARTIAL_SUCCESS: Alert.PARTIAL_SUCCESS}


def decode(delivery: Delivery, runs: Runs) -> RunEnd | None:
    """Read a status event; None unless it is the end of a run, or asks for attention.

    Raises msgspec.DecodeError, ForeignMessageError.
    """
    value = delivery.value or b""
    if _head(value).type not in (COMPLETED, NEEDS_ATTENTION):
        return None
    event: CloudEvent[RunStatus] = _decode(value)
    run = run_of(delivery, runs)
    require_same(event.data.correlation_id, run)
    if event.data.tenant != run.tenant:
        raise ForeignMessageError(f"it names another tenant than that of its run, {run.id}")
    finished = event.data.finished_at
    at = datetime.fromisoformat(finished) if finished else event.time
    if at.tzinfo is None:
        raise ValueError("finishedAt has no time zone")
    return RunEnd(event.data, at)


def judge(
    state: AlertState, ended: RunEnd, causes: Mapping[str, Cause]
) -> tuple[AlertState, Happening | None]:
    """Decide what the end of a run means, or its need of attention, which ends nothing.

    `causes` are those that the database knows.
    """
    if state.judged_at is not None and ended.at <= state.judged_at:
        return state, None
    run = ended.run
    if run.state == State.SUCCEEDED:
        proven = run.total > 0
        after = AlertState(() if proven else state.open, ended.at)
        return after, Happening(ended.subject, None, _data(run, None, run.reason), proven)
    alert = _alert_of(run)
    if alert is None:
        return state, None
    cause = causes.get(run.correlation_id)
    if cause is None:  # only the status event is known
        pattern = pattern_of(run.reason or "", [run.instance, run.correlation_id])
        cause = Cause(f"{run.state}/{pattern}")
    ways = state.open if alert in state.open else (*state.open, alert)
    data = _data(run, alert, run.needs_attention or run.reason or cause.words)
    at = state.judged_at if alert is Alert.NEEDS_ATTENTION else ended.at
    return AlertState(ways, at), Happening(ended.subject, alert, data, cause=cause)


def _alert_of(run: RunStatus) -> Alert | None:
    if run.needs_attention is not None:
        return Alert.NEEDS_ATTENTION
    return _OF_STATE.get(run.state)  # type: ignore[call-overload,no-any-return]


def judge_all(
    ended: Sequence[RunEnd], states: Mapping[Subject, AlertState], causes: Mapping[str, Cause]
) -> tuple[dict[Subject, AlertState], list[Happening]]:
    """Decide on runs in the order in which they ended."""
    after, happenings = dict(states), []
    for one in sorted(ended, key=lambda e: e.at):
        after[one.subject], happening = judge(after[one.subject], one, causes)
        if happening is not None:
            happenings.append(happening)
    return after, happenings


def weigh(
    state: AlertState, subject: Subject, pending: int, threshold: int
) -> tuple[AlertState, Happening | None]:
    """Decide about an instance's pending dead letters.

    The alert begins at the threshold and ends at half of it, so that a number that moves around the
    threshold is one alert.
    """
    alert: Alert | None
    if pending >= threshold and not state.open:
        alert = Alert.DLQ_GROWTH
        state = AlertState((alert,))
    elif pending <= threshold // 2 and state.open:
        alert = None
        state = AlertState()
    else:
        return state, None
    name = str(Alert.DLQ_GROWTH)
    data = AlertData(
        alert=name,
        tenant=subject.tenant,
        instance=subject.instance,
        pending=pending,
        threshold=threshold,
    )
    return state, Happening(subject, alert, data, alert is None, Cause(name))


def _data(run: RunStatus, alert: Alert | None, reason: str | None) -> AlertData:
    data = msgspec.structs.asdict(run) | {"alert": str(alert or Alert.RECOVERED), "reason": reason}
    return AlertData(**{name: data[name] for name in AlertData.__struct_fields__ if name in data})


PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 36_000)
"""Seconds before the second attempt, the third, and so on; after a day a delivery is given up."""
JITTER = 0.2


def pause_after(attempts: int, chance: float, retry_after: float | None = None) -> float | None:
    """Return the seconds until the next attempt after so many, None to give up.

    `chance` is random, from 0 to 1; the receiver's `retry_after` counts if it is longer.
    """
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * (1 - JITTER + 2 * JITTER * chance)
    return max(pause, min(retry_after or 0.0, 3600.0))
