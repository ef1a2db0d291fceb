"""When somebody is told: once as a stream begins to fail, and once when a run succeeds again.

| It stood | A run ends | Told | It stands |
|---|---|---|---|
| well | succeeded | - | well |
| well | failed, partial success | that | failing |
| failing | the same way | - | failing |
| failing | the other way, for the first time | that | failing, both ways |
| failing | succeeded | recovered, to all who wanted any of it | well |
| any | cancelled, or ended before the newest that was counted | - | as it stood |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from syncline.contracts.alerts import AlertData, StateChange
from syncline.contracts.events import COMPLETED, CloudEvent, RunStatus
from syncline.contracts.messages import decoder_of
from syncline.contracts.wire import Delivery
from syncline.domain.alerts import Alert, AlertState, Subject
from syncline.domain.run import State


class Ended(msgspec.Struct, frozen=True):
    """A run that is over, and when it ended."""

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


def decode(delivery: Delivery) -> Ended | None:
    """Read a status event; None for all but the end of a run. Raises as decoders do."""
    value = delivery.value or b""
    if _head(value).type != COMPLETED:
        return None
    event: CloudEvent[RunStatus] = _decode(value)
    finished = event.data.finished_at
    at = datetime.fromisoformat(finished) if finished else event.time
    if at.tzinfo is None:
        raise ValueError("finishedAt has no time zone")
    return Ended(event.data, at)


def judge(state: AlertState, ended: Ended) -> tuple[AlertState, StateChange | None]:
    """Decide what the end of a run changes, and whether it is told."""
    if state.judged_at is not None and ended.at <= state.judged_at:
        return state, None
    if ended.run.state == State.SUCCEEDED:
        well = AlertState((), ended.at)
        return well, _change(ended, Alert.RECOVERED, state.open) if state.open else None
    alert = _OF_STATE.get(ended.run.state)  # type: ignore[call-overload]
    if alert is None:
        return state, None
    if alert in state.open:
        return AlertState(state.open, ended.at), None
    return AlertState((*state.open, alert), ended.at), _change(ended, alert, (alert,))


def judge_all(
    ended: Sequence[Ended], states: Mapping[Subject, AlertState]
) -> tuple[dict[Subject, AlertState], list[StateChange]]:
    """Decide on runs in the order in which they ended."""
    after, changes = dict(states), []
    for one in sorted(ended, key=lambda e: e.at):
        after[one.subject], change = judge(after[one.subject], one)
        if change is not None:
            changes.append(change)
    return after, changes


def weigh(
    state: AlertState, subject: Subject, pending: int, threshold: int, at: datetime
) -> tuple[AlertState, StateChange | None]:
    """Decide on an instance's pending dead letters.

    Too many from the threshold on, well again from half of it down: a number that sways around the
    threshold is told once.
    """
    wanted: tuple[Alert, ...]
    if pending >= threshold and not state.open:
        alert, wanted = Alert.DLQ_GROWTH, (Alert.DLQ_GROWTH,)
        state = AlertState(wanted)
    elif pending <= threshold // 2 and state.open:
        alert, wanted = Alert.RECOVERED, state.open
        state = AlertState()
    else:
        return state, None
    over = list(map(str, wanted)) if alert is Alert.RECOVERED else None
    data = AlertData(
        alert=str(alert),
        tenant=subject.tenant,
        instance=subject.instance,
        recovered_from=over,
        pending=pending,
        threshold=threshold,
    )
    return state, StateChange(subject, alert, wanted, at, data)


def _change(ended: Ended, alert: Alert, wanted_as: tuple[Alert, ...]) -> StateChange:
    run = ended.run
    data = AlertData(
        alert=str(alert),
        tenant=run.tenant,
        instance=run.instance,
        entity_type=run.entity_type,
        recovered_from=list(map(str, wanted_as)) if alert is Alert.RECOVERED else None,
        correlation_id=run.correlation_id,
        state=run.state,
        mode=run.mode,
        trigger=run.trigger,
        reason=run.reason,
        total=run.total,
        success=run.success,
        skipped=run.skipped,
        failed=run.failed,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )
    return StateChange(ended.subject, alert, wanted_as, ended.at, data)


PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 36_000)
"""Seconds before the second attempt, the third, and so on: a day in all, then it is given up."""
JITTER = 0.2


def pause_after(attempts: int, chance: float, retry_after: float | None = None) -> float | None:
    """Return the seconds until the next attempt, None when it is given up.

    Args:
        attempts: made so far.
        chance: a random number from 0 to 1.
        retry_after: seconds that the receiver asked for; what is longer wins, up to an hour.
    """
    if attempts > len(PAUSES):
        return None
    pause = PAUSES[attempts - 1] * (1 - JITTER + 2 * JITTER * chance)
    return max(pause, min(retry_after or 0.0, 3600.0))
