"""`python -m benchmarks.scaling.simulation`: how long records wait at loads of which none was run.

Costs are those of `capacity`; arrivals and services are random, with those means. Where a stage's
processes share cores with others, it waits for longer.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping
from random import Random
from statistics import quantiles

import msgspec

from benchmarks.scaling import slots
from benchmarks.scaling.capacity import CPU, RUN_CPU, USED
from benchmarks.scaling.queues import Job, Station, Visit, simulate
from benchmarks.table import markdown

RUN_SHARES: Mapping[str, float] = {
    "scheduler": 1.8, "trigger": 1.5, "ingest": 3.8, "finalize": 2.5, "Kafka": 6.2,
    "PostgreSQL": 8.8,
}  # fmt: skip
"""What runs without records cost each part: `benchmarks.scaling.schedules`, percent of a core."""
WAY = (
    "scheduler", "trigger", "PostgreSQL", "Kafka", "ingest", "PostgreSQL", "Kafka", "normalize",
    "Kafka", "transform", "Kafka", "execute", "target", "PostgreSQL", "Kafka", "finalize",
    "PostgreSQL",
)  # fmt: skip
"""The stations of a bundle in their order; what a part costs is divided among its visits."""
BY_PARTITION = frozenset({"trigger", "ingest", "normalize", "transform", "execute", "finalize"})
ALONE = frozenset({"scheduler"})
"""Parts that work in one process, however many there are."""
BUNDLE = 2500
"""Records of a bundle at most."""


class Day(msgspec.Struct, frozen=True):
    """A day's load, and what takes it.

    Attributes:
        records, runs: a day.
        busiest: how many times the average the busiest hour has.
        partitions: of each topic.
        calls: that the target takes at a time.
        call: seconds of one; those of a bundle follow each other.
        bulk: records of one.
    """

    shape: str
    records: float
    runs: float
    busiest: float = 10.0
    partitions: int = 12
    calls: int = 10
    call: float = 0.05
    bulk: int = 100

    @property
    def runs_a_second(self) -> float:
        return self.runs / 86_400 * self.busiest

    def seconds_of(self, part: str, records: float, bundles: int) -> float:
        """Return what one run costs a part in seconds of one server."""
        if part == "target":
            return math.ceil(records / bundles / self.bulk) * bundles * self.call
        own = RUN_SHARES.get(part, 0.0) / sum(RUN_SHARES.values()) * RUN_CPU
        return own + records * CPU[self.shape].get(part, 0.0) / 1e6


def servers_for(day: Day, part: str) -> int:
    """Return the fewest servers of which the busiest is used at most for the share USED."""
    records = day.records / day.runs
    load = day.runs_a_second * day.seconds_of(part, records, math.ceil(records / BUNDLE))
    if part == "target":
        return day.calls
    if part in ALONE:
        return 1
    if part not in BY_PARTITION:
        return max(1, math.ceil(load / USED))
    enough = (
        n for n in range(1, day.partitions + 1)
        if load * math.ceil(day.partitions / n) / day.partitions <= USED
    )  # fmt: skip
    return next(enough, day.partitions)


def run_day(day: Day, runs: int, seed: int = 1) -> tuple[list[Station], list[float], float]:
    """Simulate so many runs of the busiest hour.

    Returns:
        The stations, the seconds that each bundle took, and the simulated seconds.
    """
    draw = Random(seed)
    parts = list(dict.fromkeys(WAY))
    stations = {
        part: Station(part, servers_for(day, part), by_partition=part in BY_PARTITION)
        for part in parts
    }
    records = day.records / day.runs
    bundles = max(1, math.ceil(records / BUNDLE))
    means = {
        part: day.seconds_of(part, records, bundles) / bundles / WAY.count(part) for part in parts
    }
    jobs, now = [], 0.0
    for _ in range(runs):
        now += draw.expovariate(day.runs_a_second)
        of_run = draw.randrange(day.partitions)
        for _ in range(bundles):
            lane = draw.randrange(day.partitions)
            jobs.append(
                Job(now, [
                    Visit(
                        stations[part], draw.expovariate(1 / means[part]),
                        of_run if part in {"trigger", "ingest", "finalize"} else lane,
                    )
                    for part in WAY
                ])
            )  # fmt: skip
    return list(stations.values()), simulate(jobs), now


def table(day: Day, runs: int) -> str:
    """Return a row a station: its servers, how much of them is used, how long bundles wait."""
    stations, times, seconds = run_day(day, runs)
    rows = [
        [s.name, str(s.servers), f"{s.used(seconds):.0%}", *map(_milliseconds, _cuts(s.waits))]
        for s in stations
    ]
    worst = max(stations, key=lambda s: s.used(seconds))
    head = ("", "servers", "used", "median wait, ms", "99 % wait at most, ms")
    middle, most = map(_milliseconds, _cuts(times))
    title = f"### {day.records:,.0f} {day.shape}, {day.runs:,.0f} runs a day\n\n"
    ends = f"Bundles end after {middle} ms (median), 99 % within {most}."
    return f"{title}{markdown(head, rows)}\n\n{ends} First limit: {worst.name}."


def _cuts(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling.simulation")
    parser.add_argument("--shape", choices=[*CPU], default="items")
    parser.add_argument("--records", type=float, help="a day; left out: 1, 10 and 100 million")
    parser.add_argument("--records-of-a-run", type=float, default=100.0)
    parser.add_argument("--busiest", type=float, default=10.0, help="hour, times the average")
    parser.add_argument("--partitions", type=int, default=12)
    parser.add_argument("--calls", type=int, default=10, help="that the target takes at a time")
    parser.add_argument("--call", type=float, default=0.05, help="seconds")
    parser.add_argument("--simulated", type=int, default=20_000, help="runs")
    asked = parser.parse_args()
    for records in [asked.records] if asked.records else [1e6, 1e7, 1e8]:
        day = Day(
            asked.shape, records, records / asked.records_of_a_run, asked.busiest,
            asked.partitions, asked.calls, asked.call,
        )  # fmt: skip
        sys.stdout.write(table(day, asked.simulated) + "\n\n")
    sys.stdout.write(slots.table() + "\n")


if __name__ == "__main__":
    main()
