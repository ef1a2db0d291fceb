"""Runs, numbers and times as people read them."""

from __future__ import annotations

import pytest

from syncline.cli.program.texts import (
    counters,
    duration,
    is_final,
    label,
    number,
    plural,
    seconds_between,
)
from syncline.cli.runs.run_watcher import ended_lines
from syncline.domain.run import Notice
from tests.support.run_status import run_status


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0, "0 ms"), (0.04, "40 ms"), (0.9994, "999 ms"), (1, "1.0 s"),
        (59.94, "59.9 s"), (60, "1 min 00 s"), (65.9, "1 min 05 s"), (7380, "2 h 03 min"),
    ],
)  # fmt: skip
def test_durations_have_a_unit(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_plurals() -> None:
    assert [plural(n, "entry", "entries") for n in (0, 1, 2000)] == [
        "0 entries", "1 entry", "2,000 entries",
    ]  # fmt: skip
    assert plural(2, "run") == "2 runs"


def test_numbers_are_grouped_and_states_are_words() -> None:
    assert (number(1234567), label("partial_success")) == ("1,234,567", "Partial Success")


@pytest.mark.parametrize(
    "state", ["succeeded", "partial_success", "failed", "cancelled", "rejected"]
)
def test_final_states(state: str) -> None:
    assert is_final(state)
    assert not is_final("queued")


def test_counters_name_skip_reasons_and_what_is_in_flight() -> None:
    shown = counters(
        run_status(total=10, success=4, skipped=3, failed=1, in_flight=2,
               skip_reasons={"unchanged": 2, "excluded": 1})
    )  # fmt: skip
    assert shown == (
        "total 10  success 4  skipped 3 (excluded 1, unchanged 2)  failed 1  in flight 2"
    )
    assert "in flight" not in counters(run_status(total=1, success=1))


def test_seconds_between_two_times() -> None:
    assert seconds_between("2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01.5+00:00") == 1.5
    assert seconds_between(None, "2026-01-01T00:00:00+00:00") is None


def test_what_a_run_tells_of_itself_stands_under_its_counters() -> None:
    notices = [
        Notice("capped", "Max Entities 5 was reached; the next run goes on behind them"),
        Notice("cursor_in_future", "these lie in the future", 12, ("A1", "A2")),
    ]
    lines = ended_lines(run_status(state="succeeded", notices=notices))
    assert lines[-2:] == [
        "note: Max Entities 5 was reached; the next run goes on behind them",
        "note: these lie in the future (12 records: A1, A2, …)",
    ]
