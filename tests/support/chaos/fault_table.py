"""The fault matrix: a row for each fault, with what was counted."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class FaultRow(NamedTuple):
    """What became of a run with a fault in it.

    Attributes:
        lost: records without a copy at the target and without the dead letter that they deserve.
        doubled: records with two.
        seconds: between the end of the fault and the next record, the longest of all times.
        end: the run's state.
    """

    fault: str
    times: int
    records: int
    lost: int
    doubled: int
    seconds: float | None
    end: str


_HEAD = ("fault", "times", "records", "lost", "doubled", "again after", "the run")


def fault_table(rows: list[FaultRow]) -> str:
    """Return the rows as a table for people."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cells(row: FaultRow) -> tuple[str, ...]:
    seconds = "" if row.seconds is None else f"{row.seconds:.1f} s"
    numbers = (f"{n:,}" for n in (row.times, row.records, row.lost, row.doubled))
    return (row.fault, *numbers, seconds, row.end)


def write_fault_table(rows: list[FaultRow], file: Path) -> None:
    """Write the rows as CSV."""
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows([FaultRow._fields, *rows])
