"""What `make bench` says of goals: medians, in the same unit, and loudly where one is missed."""

from __future__ import annotations

from benchmarks.measurement import Cost
from benchmarks.table import goals, record_costs, tables
from benchmarks.workloads import OURS, Result


def result(tool: str, workload: str, wall: float, memory: float = 0.0, wrong: str = "") -> Result:
    cost = Cost(wall, {"Kafka": 1.0, "execute": 2.0}, 0.5)
    return Result(tool, workload, wall, cost, wrong, {"execute": memory} if memory else {})


def test_a_goal_is_held_against_the_median_of_both_sides() -> None:
    walls = [(OURS, 2.0), (OURS, 3.0), (OURS, 90.0), ("sling", 1.9), ("sling", 2.0), ("sling", 9.0)]
    runs = [result(tool, "first load", wall) for tool, wall in walls]
    assert goals(runs) == [["first load, against sling's first load", "1.5 x", "1.50 x", "reached"]]


def test_a_missed_goal_is_marked() -> None:
    rows = goals([result(OURS, "one Source ID", 0.2, memory=250.0)])
    assert rows == [
        ["one Source ID", "35 ms", "200 ms", "**missed**"],
        ["any service", "200 MB", "250 MB", "**missed**"],
    ]


def test_a_wrong_target_is_said_in_the_table() -> None:
    text = tables([result(OURS, "first load", 1.0, wrong="the target holds 1 row")])
    assert "the target holds 1 row" in text


def test_what_a_record_costs_at_each_stage_sums_up() -> None:
    run = result(OURS, "first load", 1.0)
    run.records = 100_000
    run.cost.cpu["retry"] = 0.5
    idle = result(OURS, "idle", 1.0)
    costs = ["0.0", "0.0", "0.0", "20.0", "0.0", "10.0", "0.0", "5.0", "35.0"]
    assert record_costs([run, idle, result("sling", "first load", 1.0)]) == [
        ["first load", "100,000", *costs]
    ]
