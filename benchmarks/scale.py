"""Whether a record costs the same in a small run and in a big one, and what memory a run takes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.checks import begin_anew, difference
from benchmarks.place import SERVICES, Place
from benchmarks.table import mark, markdown
from benchmarks.workloads import OURS, Result, measure_run

SIZES = (0.5, 5, 15)
"""Rows of the runs, as multiples of the rows asked for: of 200,000 these are 100,000, 1,000,000
and 3,000,000."""
WITHIN = 0.1
"""How much dearer the dearest size may be than the cheapest."""
WORKLOAD = "first load, "


def most_rows(rows: int) -> int:
    """Return the rows that the data set of a series needs."""
    return int(rows * max(SIZES))


async def scale_round(place: Place, rows: int, *, warm: bool) -> list[Result]:
    """Load more and more rows into an empty table.

    Args:
        rows: what SIZES are multiples of.
        warm: whether the servers and services have run before; else a run that is not measured
            goes ahead, because what starts costs more.
    """
    results = []
    for size in (*(() if warm else SIZES[:1]), *SIZES):
        count = int(rows * size)
        _leave(place, count)
        result = await measure_run(place, OURS, f"{WORKLOAD}{count:,} rows", "full", count)
        result.wrong = result.wrong or difference(place, OURS)
        results.append(result)
    return results[-len(SIZES) :]


def _leave(place: Place, count: int) -> None:
    """Let the source hold the first rows of the data set alone."""
    first = f"select * from erp.item_orig where item_code <= 'ITM-{count:07d}' order by item_code"
    place.psql("src", "-c", "truncate erp.item", "-c", f"insert into erp.item {first}")
    begin_anew(place)


def table(results: Sequence[Result]) -> str:
    """Return a row for each size, and whether what a record costs stays within the goal."""
    rows, costs = [], []
    for count in dict.fromkeys(r.records for r in results):
        of = [r for r in results if r.records == count]
        costs.append(median(r.cost.total for r in of) / count * 1_000_000)
        peaks = [f"{max(r.memory.get(name, 0.0) for r in of):.0f}" for name in SERVICES]
        rows.append([f"{count:,}", f"{costs[-1]:.2f}", *peaks])
    head = ("rows", "CPU s a million rows", *(f"{name}, peak MB" for name in SERVICES))
    spread = max(costs) / min(costs) - 1
    verdict = f"The dearest size costs {spread:.0%} more than the cheapest, goal {WITHIN:.0%}"
    return f"### Scale\n\n{markdown(head, rows)}\n\n{verdict}: {mark(spread <= WITHIN)}.\n"
