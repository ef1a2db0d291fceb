"""How far the stages of a run have got, and where its records in flight are by that."""

from __future__ import annotations

from itertools import permutations

import pytest

from syncline.domain.reach import InFlight, Reach, Span, StagePosition

TOLD = [("normalize", 0, 4), ("normalize", 2, 5), ("transform", 0, 2), ("execute", 0, 1)]


def test_what_is_told_twice_late_or_in_another_order_changes_nothing() -> None:
    found = {str(Reach().joined(list(order) * 2).lanes) for order in permutations(TOLD)}
    assert found == {
        str({"normalize": [4, -1, 5], "transform": [2, -1, -1], "execute": [1, -1, -1]})
    }
    reach = Reach().joined(TOLD)
    assert reach.spans_to(reach.joined([("normalize", 0, 3), *TOLD])) == {}


def test_what_a_later_stage_has_taken_those_before_it_are_through_with() -> None:
    reach = Reach({"normalize": [3]}).joined([("execute", 1, 7)])
    assert reach.lanes == {"normalize": [3, 7], "transform": [-1, 7], "execute": [-1, 7]}


def test_a_stage_of_another_release_is_left_out() -> None:
    assert Reach().joined([("refine", 0, 7)]).lanes.keys() == {"normalize", "transform", "execute"}


def test_a_span_holds_what_is_new_in_each_lane() -> None:
    before = Reach({"normalize": [3, 9]})
    (span,) = before.spans_to(before.joined([("normalize", 0, 5), ("normalize", 2, 1)])).values()
    assert span == Span([3, 9, -1], [5, 9, 1])
    assert (span.low, span.high) == (-1, 9)
    batches = [(lane, number) for lane in range(4) for number in range(11)]
    assert [batch for batch in batches if batch in span] == [(0, 4), (0, 5), (2, 0), (2, 1)]


def test_a_batch_is_reached_in_its_lane() -> None:
    reach = Reach({"normalize": [3, -1]})
    assert reach.has("normalize", 0, 3)
    assert not any(
        [
            reach.has("normalize", 0, 4),
            reach.has("normalize", 1, 0),
            reach.has("normalize", 2, 0),
            reach.has("execute", 0, 0),
        ]
    )


@pytest.mark.parametrize(
    ("counted", "in_flight", "shown"),
    [
        (InFlight(), 10, [(10, 0), (0, 0), (0, 0)]),
        (InFlight(9, 7, 4), 10, [(1, 0), (2, 0), (3, 4)]),
        (InFlight(9, 7, 4), 0, [(0, 0), (0, 0), (0, 0)]),
        (InFlight(9, 7, 4), 5, [(0, 0), (0, 0), (1, 4)]),
        (InFlight(2, 7, 8), 5, [(3, 0), (0, 0), (0, 2)]),
    ],
)
def test_positions_add_up_whatever_was_counted(
    counted: InFlight, in_flight: int, shown: list[tuple[int, int]]
) -> None:
    stages = ("normalize", "transform", "execute")
    expected = [StagePosition(stage, *at) for stage, at in zip(stages, shown, strict=True)]
    assert counted.positions(in_flight) == expected
    assert sum(at.before + at.inside for at in expected) == in_flight
