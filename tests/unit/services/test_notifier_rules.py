"""When somebody is told: the table of state changes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from syncline.contracts.events import COMPLETED, NEEDS_ATTENTION, PROGRESS, RunStatus
from syncline.contracts.run_ref import RunRef
from syncline.contracts.status import status_message
from syncline.contracts.wire import Delivery
from syncline.domain.notification.incident import Alert, AlertState, Cause, Subject
from syncline_notifier.rules import PAUSES, RunEnd, decode, judge, judge_all, pause_after, weigh

T0 = datetime(2026, 1, 1, tzinfo=UTC)
FAILED, PARTIAL, GROWTH = Alert.RUN_FAILED, Alert.PARTIAL_SUCCESS, Alert.DLQ_GROWTH
SUBJECT = Subject("default", "erp-shop", "item")


def ended(state: str, minute: int = 1, total: int = 1) -> RunEnd:
    at = T0 + timedelta(minutes=minute)
    run = RunStatus(
        f"01a218f0-d9ad-7980-81d9-14cf848cf7{minute:02x}",
        "default", "erp-shop", "item", "incremental", "cli", state, 7, total,
        finished_at=at.isoformat(),
    )  # fmt: skip
    return RunEnd(run, at)


@pytest.mark.parametrize(
    ("open_before", "state", "total", "alert", "proven", "open_after"),
    [
        ((), "succeeded", 3, None, True, ()),
        ((), "succeeded", 0, None, False, ()),
        ((), "failed", 0, FAILED, False, (FAILED,)),
        ((), "partial_success", 3, PARTIAL, False, (PARTIAL,)),
        ((FAILED,), "failed", 3, FAILED, False, (FAILED,)),
        ((FAILED,), "partial_success", 3, PARTIAL, False, (FAILED, PARTIAL)),
        ((FAILED,), "succeeded", 3, None, True, ()),
        ((FAILED,), "succeeded", 0, None, False, (FAILED,)),
        ((FAILED, PARTIAL), "failed", 3, FAILED, False, (FAILED, PARTIAL)),
        ((FAILED, PARTIAL), "succeeded", 1, None, True, ()),
    ],
)  # fmt: skip
def test_what_the_end_of_a_run_means(
    open_before: tuple[Alert, ...], state: str, total: int, alert: Alert | None, proven: bool,
    open_after: tuple[Alert, ...],
) -> None:  # fmt: skip
    after, happening = judge(AlertState(open_before, T0), ended(state, total=total), {})
    assert happening is not None
    assert (happening.alert, happening.proven, after.open) == (alert, proven, open_after)


@pytest.mark.parametrize("stood", [(), (FAILED,)])
def test_a_cancelled_run_says_nothing(stood: tuple[Alert, ...]) -> None:
    state = AlertState(stood, T0)
    assert judge(state, ended("cancelled"), {}) == (state, None)


def test_a_run_that_needs_attention_fails_its_stream_and_does_not_hide_its_end() -> None:
    paused = ended("extracting", 2)
    paused.run.needs_attention = "3 of 10 records failed"
    state, happening = judge(AlertState((), T0), paused, {})
    assert happening is not None
    assert (happening.alert, happening.data.reason) == (
        Alert.NEEDS_ATTENTION, "3 of 10 records failed",
    )  # fmt: skip
    assert state == AlertState((Alert.NEEDS_ATTENTION,), T0)
    after, over = judge(state, ended("succeeded", 1), {})  # by a clock that is behind
    assert (after.open, over is not None) == ((), True)
    assert judge(AlertState((), T0 + timedelta(minutes=9)), paused, {})[1] is None


def test_a_run_that_ended_before_the_newest_counted_changes_nothing() -> None:
    stood = AlertState((FAILED,), T0 + timedelta(minutes=5))
    for minute in (4, 5):
        assert judge(stood, ended("succeeded", minute), {}) == (stood, None)


def test_runs_are_judged_in_the_order_in_which_they_ended_however_they_come() -> None:
    runs = [ended("failed", 1), ended("failed", 2), ended("succeeded", 3), ended("failed", 4)]
    for order in itertools.permutations(runs):
        after, happenings = judge_all([*order, *order], {SUBJECT: AlertState()}, {})
        assert [h.alert for h in happenings] == [FAILED, FAILED, None, FAILED]
        assert after[SUBJECT].open == (FAILED,)


def test_a_failure_without_a_reason_is_told_with_its_cause() -> None:
    run = ended("failed")
    causes = {run.run.correlation_id: Cause("k", "shop", "9 records failed: no stock")}
    _, happening = judge(AlertState(), run, causes)
    assert happening is not None
    assert happening.data.reason == "9 records failed: no stock"


def test_only_the_end_of_a_run_is_read() -> None:
    one = ended("failed")
    key = one.run.correlation_id
    runs = {key: RunRef(key, "default", 1, key, "item", key, key, key, 1)}
    for type_, found in ((PROGRESS, None), (COMPLETED, one), (NEEDS_ATTENTION, one)):
        sent = status_message(type_, "finalize", one.run, T0)
        delivery = Delivery("status", 0, 0, sent.key, sent.value, sent.headers, 0)
        assert decode(delivery, runs) == found


@pytest.mark.parametrize(
    ("pending", "is_open", "told"),
    [
        (99, False, None),
        (100, False, "dlq_growth"),
        (5000, False, "dlq_growth"),
        (5000, True, None),
        (99, True, None),
        (51, True, None),
        (50, True, "recovered"),
        (0, True, "recovered"),
        (0, False, None),
    ],
)
def test_dead_letters_are_told_with_hysteresis(
    pending: int, is_open: bool, told: str | None
) -> None:
    subject = Subject("default", "erp-shop")
    stood = AlertState((GROWTH,) if is_open else ())
    after, happening = weigh(stood, subject, pending, 100)
    said = None if happening is None else str(happening.alert or "recovered")
    assert said == told
    assert bool(after.open) == (is_open if told is None else told == "dlq_growth")


def test_pauses_grow_to_a_day_and_then_end() -> None:
    pauses = [pause_after(n, 0.5) for n in range(1, len(PAUSES) + 2)]
    assert pauses == [*PAUSES, None]
    assert 23 * 3600 < sum(PAUSES) <= 24 * 3600
    assert pause_after(1, 0.0) == pytest.approx(4.0)
    assert pause_after(1, 1.0) == pytest.approx(6.0)
    assert pause_after(1, 0.5, retry_after=90) == 90
    assert pause_after(1, 0.5, retry_after=10**9) == 3600
