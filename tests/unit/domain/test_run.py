"""How a run ends (spec section 2.3), and where it leaves the cursor (2.5)."""

from __future__ import annotations

import pytest

from syncline.domain.cursor.values import CursorFormat, is_later, moved_cursor
from syncline.domain.mapping.extraction import CursorType
from syncline.domain.run import FINAL, Counters, State, final_state

NOTHING = Counters()
ALL_WELL = Counters(total=3, success=2, unchanged=1)
SOME_FAILED = Counters(total=3, success=2, failed=1)
ALL_FAILED = Counters(total=3, failed=3)
SKIPPED_AND_FAILED = Counters(total=3, unchanged=2, failed=1)

BY_ID = CursorFormat(CursorType.ID)


@pytest.mark.parametrize(
    ("counters", "broken", "state"),
    [
        (NOTHING, False, State.SUCCEEDED),
        (ALL_WELL, False, State.SUCCEEDED),
        (SOME_FAILED, False, State.PARTIAL_SUCCESS),
        (SKIPPED_AND_FAILED, False, State.PARTIAL_SUCCESS),
        (ALL_FAILED, False, State.FAILED),
        (NOTHING, True, State.FAILED),
        (ALL_WELL, True, State.PARTIAL_SUCCESS),
        (SOME_FAILED, True, State.PARTIAL_SUCCESS),
        (ALL_FAILED, True, State.FAILED),
    ],
)
def test_the_end_of_a_run(counters: Counters, broken: bool, state: State) -> None:
    assert final_state(counters, extraction_failed=broken, cancelled=False) is state


def test_a_cancelled_run_is_cancelled_and_a_stalled_one_failed() -> None:
    for counters in (NOTHING, ALL_WELL, ALL_FAILED):
        assert final_state(counters, extraction_failed=True, cancelled=True) is State.CANCELLED
        stalled = final_state(counters, extraction_failed=False, cancelled=False, stalled=True)
        assert stalled is State.FAILED


def test_a_run_whose_target_refused_the_whole_call_is_failed_whatever_was_written() -> None:
    for counters in (NOTHING, ALL_WELL, SOME_FAILED):
        for cancelled in (False, True):
            halted = final_state(
                counters, extraction_failed=False, cancelled=cancelled, halted=True
            )
            assert halted is State.FAILED


def test_counters_add_up() -> None:
    counters = Counters(
        total=20, success=1, unchanged=2, excluded=3, superseded=4, cancelled=5, failed=1
    )
    assert (counters.skipped, counters.done, counters.in_flight) == (14, 16, 4)


@pytest.mark.parametrize("state", sorted(FINAL - {State.SUCCEEDED, State.PARTIAL_SUCCESS}))
def test_the_cursor_stays_on_failed_and_cancelled(state: State) -> None:
    moved = moved_cursor(state=state, before=None, high_water="5", read_to="6", form=BY_ID)
    assert moved is None


@pytest.mark.parametrize(
    ("before", "high_water", "read_to", "after"),
    [
        (None, "5", "6", "5"),  # the highest value taken as a whole
        (None, None, "6", "6"),  # reading is inclusive: the rest of it is read again
        ("5", "5", "6", "6"),
        ("6", "6", "6", None),  # nothing new
        ("7", "5", "6", None),  # never back
        ("5", None, None, None),
        ("9", "10", "10", "10"),  # numbers, not texts
    ],
)
def test_where_the_cursor_goes(
    before: str | None, high_water: str | None, read_to: str | None, after: str | None
) -> None:
    moved = moved_cursor(
        state=State.PARTIAL_SUCCESS,
        before=before,
        high_water=high_water,
        read_to=read_to,
        form=BY_ID,
    )
    assert moved == after


@pytest.mark.parametrize(
    ("value", "than", "kind", "expected"),
    [
        ("2026-01-02", "2026-01-01", CursorType.DATE, True),
        ("2026-01-01T10:00:00", "2026-01-01 09:00", CursorType.DATETIME, True),
        ("2026-01-01T10:00:00.000001", "2026-01-01T10:00:00", CursorType.DATETIME, True),
        ("2026-01-01T10:00:00+02:00", "2026-01-01T09:00:00+00:00", CursorType.DATETIME, False),
        ("10", "9", CursorType.ID, True),
        ("b", "a", CursorType.ID, True),
        ("a", "9", CursorType.ID, True),  # texts behind numbers
        ("1", "1.0", CursorType.ID, False),
        ("1", None, CursorType.ID, True),
        ("x", "x", CursorType.DATETIME, False),
    ],
)
def test_which_bookmark_is_later(
    value: str, than: str | None, kind: CursorType, expected: bool
) -> None:
    assert is_later(value, than, CursorFormat(kind)) is expected
