"""`python -m benchmarks.scaling.capacity`: what a load needs, by what was measured. Pure.

Costs come from docs/benchmarks.md (CPU) and from `benchmarks.scaling` (bytes, a run); another
machine has others. What is asked for is a day's load and how much busier its busiest hour is.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping

import msgspec

from benchmarks.table import markdown

CPU: Mapping[str, Mapping[str, float]] = {
    "items": {
        "ingest": 7.9, "normalize": 5.5, "transform": 5.1, "execute": 9.8, "finalize": 2.3,
        "Kafka": 4.4, "PostgreSQL": 12.0,
    },
    "items to HTTP": {
        "ingest": 8.6, "normalize": 6.1, "transform": 5.4, "execute": 14.2, "finalize": 2.5,
        "Kafka": 5.4, "PostgreSQL": 6.7,
    },
    "orders": {
        "ingest": 103, "normalize": 119, "transform": 109, "execute": 130, "finalize": 24,
        "Kafka": 65, "PostgreSQL": 151,
    },
}  # fmt: skip
"""CPU microseconds a changed record; PostgreSQL's of the first and third hold a target's, too."""
RUN_CPU = 0.075
"""CPU seconds that a run costs beside its records, over all processes."""
TOPIC_BYTES: Mapping[str, float] = {"items": 215.0, "items to HTTP": 215.0}
"""Bytes a changed record of 12 short columns leaves in raw, canonical and payload together; what
orders leave was not measured."""
OUTCOME_BYTES = 45.0
"""Bytes a record and run leaves in the table of batches, its index included."""
LEDGER_BYTES = 315.0
"""Bytes that each record of a stream that was ever sent keeps in the ledger and its indexes."""
USED = 0.6
"""Share of a core that may be busy in the busiest hour: above it, waiting grows steeply."""


class Load(msgspec.Struct, frozen=True):
    """What is to be moved.

    Attributes:
        records: changed records a day.
        runs: a day.
        busiest: how many times the average the busiest hour has.
        known: records that the ledger knows, of all streams.
        days: that topics keep messages.
        kept: days that outcomes are kept.
        copies: of each topic.
    """

    shape: str
    records: float
    runs: float
    busiest: float = 10.0
    known: float = 1_000_000
    days: int = 7
    kept: int = 90
    copies: int = 3


class Need(msgspec.Struct, frozen=True):
    """What a load needs: cores in the busiest hour, gigabytes on all disks; None: not measured."""

    cores: dict[str, float]
    topics: float | None
    outcomes: float
    ledger: float

    @property
    def all_cores(self) -> int:
        return math.ceil(sum(self.cores.values()))


def need_of(load: Load) -> Need:
    """Return what a load needs."""
    a_second = load.records / 86_400 * load.busiest
    cores = {part: a_second * cost / 1e6 / USED for part, cost in CPU[load.shape].items()}
    cores["runs"] = load.runs / 86_400 * load.busiest * RUN_CPU / USED
    giga = 1e9
    a_record = TOPIC_BYTES.get(load.shape)
    return Need(
        cores,
        None if a_record is None else load.records * a_record * load.days * load.copies / giga,
        load.records * OUTCOME_BYTES * load.kept / giga,
        load.known * LEDGER_BYTES / giga,
    )


def table(loads: list[Load]) -> str:
    """Return a row a load."""
    rows = []
    for load in loads:
        need = need_of(load)
        parts = ", ".join(f"{part} {cores:.1f}" for part, cores in need.cores.items())
        topics = "not measured" if need.topics is None else f"{need.topics:,.0f}"
        rows.append(
            [
                f"{load.records:,.0f} {load.shape}, {load.runs:,.0f} runs", str(need.all_cores),
                parts, topics, f"{need.outcomes:,.0f}", f"{need.ledger:,.1f}",
            ]
        )  # fmt: skip
    head = ("a day", "cores", "of them", "topics, GB", "outcomes, GB", "ledger, GB")
    return markdown(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling.capacity")
    parser.add_argument("--shape", choices=[*CPU], default="items")
    for name, what in (("records", "changed records a day"), ("runs", "a day")):
        parser.add_argument(f"--{name}", type=float, required=True, help=what)
    parser.add_argument("--busiest", type=float, default=10.0, help="hour, times the average")
    parser.add_argument("--known", type=float, default=1e6, help="records in the ledger")
    parser.add_argument("--days", type=int, default=7, help="that topics keep messages")
    parser.add_argument("--kept", type=int, default=90, help="days that outcomes are kept")
    parser.add_argument("--copies", type=int, default=3, help="of each topic")
    load = Load(**vars(parser.parse_args()))
    sys.stdout.write(table([load]) + "\n")


if __name__ == "__main__":
    main()
