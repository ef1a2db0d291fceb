"""Memory of processes over time: how much it grows, whatever restarts come in between."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.chaos.watch import Watch
from tests.support.processes import AnyProcess

WARM = 30.0
"""Seconds of a process's life that do not count: it fills its caches."""
LEAST = 6
"""Samples below which nothing can be told."""


class Sample(NamedTuple):
    """Resident memory of a process: the second, and MB."""

    at: float
    size: float


class MemoryWatch(Watch):
    """Samples all processes of an installation while its block runs."""

    every = 5.0

    def __init__(self, processes: Mapping[str, AnyProcess]) -> None:
        self._processes = processes
        self._lives: dict[str, dict[int, list[Sample]]] = defaultdict(lambda: defaultdict(list))

    async def _look(self) -> None:
        for name, process in list(self._processes.items()):
            with suppress(OSError):  # it has ended
                sample = Sample(time.monotonic(), _megabytes(process.pid))
                self._lives[name][process.pid].append(sample)

    def table(self) -> str:
        """Return a line for each process: MB at the end, and MB more each minute."""
        lines = ["process        MB   MB a minute"]
        for name, lives in sorted(self._lives.items()):
            size = list(lives.values())[-1][-1].size
            more = slope(list(lives.values()))
            lines.append(f"{name:<12}{size:>5.0f}   {'?' if more is None else f'{more:+.2f}'}")
        return "\n".join(lines)


def _megabytes(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def slope(lives: Sequence[Sequence[Sample]]) -> float | None:
    """Return by how many MB a minute memory grows, by least squares over all lives together.

    Each life has a level of its own. None where there are too few samples.
    """
    pairs: list[Sample] = []
    for life in lives:
        warm = [sample for sample in life if sample.at - life[0].at >= WARM]
        if warm:
            at = sum(s.at for s in warm) / len(warm)
            size = sum(s.size for s in warm) / len(warm)
            pairs += [Sample(s.at - at, s.size - size) for s in warm]
    spread = sum(s.at**2 for s in pairs)
    if len(pairs) < LEAST or not spread:
        return None
    return 60 * sum(s.at * s.size for s in pairs) / spread
