"""Execute at a target of 50 ms a call, simulated beside what was measured on two cores.

Two figures are fitted to the measured case, CPU_OF_CALL and BEGINS; the rest follows from rules.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from random import Random

from benchmarks.scaling.queues import Station
from benchmarks.table import markdown

MEASURED: Mapping[int, float] = {1: 71, 2: 128, 4: 222, 8: 388}
"""Calls a second by processes of Execute: docs/scaling.md."""
RECORDS, CALLS, CALL, PARTITIONS, CORES = 800, 4, 0.05, 12, 2
"""Of `benchmarks.scaling.calls`; records and calls at a time are for each process."""
CPU_OF_CALL = 0.0048
"""Seconds on a core of all that a call needs, target, database and broker included: fitted."""
BEGINS = 1.0
"""Seconds of a run in which no call goes out, at its begin and its end: fitted."""
MOVES = 1.5
"""Seconds until a slot goes from a process without work to another: renewed each second, it is
given back when it was idle for a whole one."""


def calls_a_second(processes: int, seed: int) -> float:
    """Simulate one run; return the calls a second."""
    draw = Random(seed)
    left = [0] * processes
    for _ in range(RECORDS * processes):
        left[draw.randrange(PARTITIONS) % processes] += 1
    cores = Station("cores", CORES)
    slots = [(BEGINS, number, number % processes) for number in range(CALLS * processes)]
    ended = 0.0
    while slots:
        now, number, process = heapq.heappop(slots)
        if left[process]:
            left[process] -= 1
            ended = cores.serve(now, draw.expovariate(1 / CPU_OF_CALL)) + CALL
            heapq.heappush(slots, (ended, number, process))
        elif any(left):
            heapq.heappush(slots, (now + MOVES, number, left.index(max(left))))
    return RECORDS * processes / ended


def table(seeds: int = 5) -> str:
    """Return a row for each number of processes: measured and simulated."""
    simulated = {n: sum(calls_a_second(n, seed) for seed in range(seeds)) / seeds for n in MEASURED}
    rows = [
        [str(n), *(f"{x[n]:.0f}" for x in (MEASURED, simulated)),
         *(f"{x[n] / x[1] / n:.2f} n" for x in (MEASURED, simulated))]
        for n in MEASURED
    ]  # fmt: skip
    head = ("processes", "calls a second, measured", "simulated", "gain, measured", "simulated")
    return "### Execute at 50 ms a call, two cores\n\n" + markdown(head, rows)
