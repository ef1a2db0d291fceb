"""Waits of a run are kept once each, and are few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from syncline.domain.wait import MOST, Wait, waits_with

AT = datetime(2026, 3, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def told(waits: list[Wait], now: float, until: float, reading: bool = False) -> list[Wait]:
    return waits_with(waits, reading, after(now), after(until), f"until {until}")


def test_a_wait_that_is_told_of_again_is_one() -> None:
    once = told([], 0, 40)
    assert once == [Wait(False, after(0), after(40), "until 40")]
    assert told(once, 1, 40) == once
    assert told(once, 900, 40) == once, "an old report that comes after a restart"


def test_a_wait_that_follows_another_goes_on_with_it() -> None:
    waits = told(told([], 0, 40), 45, 85)
    assert waits == [Wait(False, after(0), after(85), "until 85")]
    assert [wait.since for wait in told(waits, 100, 140)] == [after(0), after(100)]


def test_source_and_target_are_waited_for_apart() -> None:
    waits = told(told(told([], 0, 40), 5, 45, reading=True), 42, 80)
    assert [(w.reading, w.since, w.until) for w in waits] == [
        (False, after(0), after(80)),
        (True, after(5), after(45)),
    ]


def test_a_run_keeps_few_waits() -> None:
    waits: list[Wait] = []
    for number in range(100):
        waits = told(waits, number * 100, number * 100 + 10)
    assert len(waits) == MOST
    assert waits[-1].until == after(9_910)
    assert told(waits, 10_000, 10_010, reading=True)[-1].reading
