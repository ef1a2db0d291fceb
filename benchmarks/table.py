"""Results as a table of medians: Syncline beside the others, its services apart, and its goals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from statistics import median

from benchmarks.measurement import Cost
from benchmarks.place import SERVICES
from benchmarks.workloads import OURS, Result

_HEAD = (
    "tool", "runs", "wall s min / median / max", "CPU s all", "services or command", "Kafka",
    "PostgreSQL", "peak RSS MB", "others' CPU", "check",
)  # fmt: skip
STAGES = ("ingest", "normalize", "transform", "execute", "finalize", "Kafka", "PostgreSQL")
"""What a record costs something at, by the names of the processes."""


def tables(results: Sequence[Result]) -> str:
    """Return one table a workload, then what each service costs and the goals, in Markdown."""
    parts = []
    for workload in dict.fromkeys(r.workload for r in results):
        of = [r for r in results if r.workload == workload]
        rows = [_row(tool, [r for r in of if r.tool == tool]) for tool in _tools(of)]
        parts.append(f"### {workload}\n\n" + markdown(_HEAD, rows))
    parts.append("### CPU seconds and peak MB of each service\n\n" + _services(results))
    if costs := record_costs(results):
        head = ("CPU µs a record", "records", *STAGES, "the rest", "in all")
        parts.append("### CPU microseconds a record and stage\n\n" + markdown(head, costs))
    parts.append("### Goals\n\n" + markdown(("what", "goal", "here", ""), goals(results)))
    return "\n\n".join(parts) + "\n"


def record_costs(results: Sequence[Result]) -> list[list[str]]:
    """Return what a record of each workload of Syncline cost each process: medians."""
    own = [r for r in results if r.tool == OURS and r.records]
    rows = []
    for workload in dict.fromkeys(r.workload for r in own):
        of = [r for r in own if r.workload == workload]
        all_of_it = median(r.cost.total * 1e6 / r.records for r in of)
        costs = [median(r.cost.cpu.get(s, 0.0) * 1e6 / r.records for r in of) for s in STAGES]
        figures = [*costs, max(all_of_it - sum(costs), 0.0), all_of_it]
        rows.append([workload, f"{of[0].records:,}", *(f"{figure:.1f}" for figure in figures)])
    return rows


def goals(results: Sequence[Result]) -> list[list[str]]:
    """Hold the medians against what was promised."""
    walls = {
        key: median(r.wall for r in group)
        for key, group in groupby(sorted(results, key=_key), key=_key)
    }
    rows = [
        *_ratio(walls, "first load", "sling", "first load", 1.5),
        *_ratio(walls, "all sent again", "sling", "all sent again", 1.5),
        *_ratio(walls, "unchanged re-read", "sling", "all sent again", 0.3),
        *_ratio(walls, "CSV to HTTP", "dlt-http-fast", "CSV to HTTP", 0.7),
    ]
    for workload, limit in (("idle run", 30), ("one Source ID", 35)):
        if (OURS, workload) in walls:
            value = walls[OURS, workload] * 1000
            rows.append([workload, f"{limit} ms", f"{value:.0f} ms", mark(value <= limit)])
    peaks = [m for r in results if r.tool == OURS for m in r.memory.values()]
    if peaks:
        rows.append(["any service", "200 MB", f"{max(peaks):.0f} MB", mark(max(peaks) <= 200)])
    return rows


def _ratio(
    walls: dict[tuple[str, str], float], ours: str, peer: str, theirs: str, limit: float
) -> Iterable[list[str]]:
    if (OURS, ours) in walls and (peer, theirs) in walls:
        value = walls[OURS, ours] / walls[peer, theirs]
        what = f"{ours}, against {peer}'s {theirs}"
        yield [what, f"{limit:.1f} x", f"{value:.2f} x", mark(value <= limit)]


def _row(tool: str, runs: Sequence[Result]) -> list[str]:
    walls = sorted(r.wall for r in runs)
    costs = [r.cost for r in runs]
    wrong = next((r.wrong for r in runs if r.wrong), "")
    own = {r.tool for r in runs} == {OURS}
    return [
        tool,
        str(len(runs)),
        f"{walls[0]:.2f} / **{median(walls):.2f}** / {walls[-1]:.2f}",
        f"{median(c.total for c in costs):.2f}",
        f"{median(_work(c, services=own) for c in costs):.2f}",
        f"{median(c.cpu.get('Kafka', 0.0) for c in costs):.2f}" if own else "",
        f"{median(c.cpu.get('PostgreSQL', 0.0) for c in costs):.2f}",
        f"{max((m for r in runs for m in r.memory.values()), default=0):.0f}",
        f"{median(c.disturbed for c in costs):.0%}",
        wrong or "ok",
    ]


def _work(cost: Cost, *, services: bool) -> float:
    names = SERVICES if services else ("command",)
    return sum(cost.cpu.get(name, 0.0) for name in names)


def _services(results: Sequence[Result]) -> str:
    own = [r for r in results if r.tool == OURS]
    workloads = list(dict.fromkeys(r.workload for r in own))
    rows = []
    for service in SERVICES:
        row = [service]
        for workload in workloads:
            of = [r for r in own if r.workload == workload]
            cpu = median(r.cost.cpu.get(service, 0.0) for r in of)
            peak = max(r.memory.get(service, 0.0) for r in of)
            row.append(f"{cpu:.2f}" + (f", {peak:.0f} MB" if peak else ""))
        rows.append(row)
    return markdown(("service", *workloads), rows)


def _tools(results: Iterable[Result]) -> list[str]:
    return list(dict.fromkeys(r.tool for r in results))


def _key(result: Result) -> tuple[str, str]:
    return result.tool, result.workload


def mark(reached: bool) -> str:
    """Return a word for whether a goal was reached."""
    return "reached" if reached else "**missed**"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
