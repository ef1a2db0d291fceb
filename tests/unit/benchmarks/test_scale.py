"""What the series of sizes says: CPU seconds a million rows, by medians, and whether it holds."""

from __future__ import annotations

import pytest

from benchmarks.measurement import Cost
from benchmarks.scale import table
from benchmarks.workloads import OURS, Result


def load(rows: int, cpu: float) -> Result:
    cost = Cost(1.0, {"Kafka": cpu / 2, "execute": cpu / 2})
    return Result(OURS, f"first load, {rows:,} rows", 1.0, cost, "", {"execute": 120.0}, rows)


@pytest.mark.parametrize(
    ("largest", "verdict"),
    [(65.4, "9% more than the cheapest, goal 10%: reached"), (69.0, "15% more than the cheapest")],
)
def test_sizes_are_held_against_each_other_by_medians(largest: float, verdict: str) -> None:
    smallest = [load(100_000, cpu) for cpu in (1.9, 2.0, 90.0)]
    text = table([*smallest, load(1_000_000, 21.0), load(3_000_000, largest)])
    assert "| 100,000 | 20.00 |" in text
    assert verdict in text
    assert ("**missed**" in text) == (largest == 69.0)
