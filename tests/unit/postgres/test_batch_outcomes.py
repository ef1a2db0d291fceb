"""Merging outcome codes: a slot that has one keeps it, whatever comes again."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.run import PENDING
from syncline.postgres.progress.batch_outcomes import merge_codes

SIZE = 6
REPORT = st.lists(st.integers(0, SIZE - 1), unique=True).flatmap(
    lambda slots: st.tuples(
        st.just(slots), st.text("SUXPCF", min_size=len(slots), max_size=len(slots))
    )
)


@given(st.lists(REPORT, max_size=8))
def test_what_is_counted_is_what_stands_there(reports: list[tuple[list[int], str]]) -> None:
    outcomes, counted = PENDING * SIZE, Counter[str]()
    for slots, codes in reports:
        before = outcomes
        outcomes, added = merge_codes(outcomes, slots, codes)
        counted += added
        assert all(b in (PENDING, a) for b, a in zip(before, outcomes, strict=True))
    assert counted == Counter(outcomes.replace(PENDING, ""))


@given(st.lists(REPORT, max_size=8))
def test_a_second_copy_changes_nothing(reports: list[tuple[list[int], str]]) -> None:
    outcomes = PENDING * SIZE
    for slots, codes in reports:
        outcomes, _ = merge_codes(outcomes, slots, codes)
        assert merge_codes(outcomes, slots, codes) == (outcomes, Counter())


def test_slots_may_come_in_any_order() -> None:
    assert merge_codes("...", [2, 0, 1], "FSU")[0] == "SUF"


def test_a_slot_that_is_not_there_is_left_out() -> None:
    assert merge_codes("..", [1, 7], "SS") == (".S", Counter("S"))
