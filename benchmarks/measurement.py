"""What processes cost, read from /proc: CPU seconds, resident memory, and who disturbed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import msgspec

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


class Cost(msgspec.Struct):
    """What one measured piece of work cost.

    Attributes:
        wall: seconds.
        cpu: process -> CPU seconds, its children included.
        other: CPU seconds that everything else on the machine used meanwhile.
        load: average of the last minute, at the start.
    """

    wall: float = 0.0
    cpu: dict[str, float] = {}
    other: float = 0.0
    load: float = 0.0

    @property
    def total(self) -> float:
        """CPU seconds of all processes that were measured."""
        return sum(self.cpu.values())

    @property
    def disturbed(self) -> float:
        """The share of the machine's CPU time that others took."""
        return self.other / max(self.wall * (os.cpu_count() or 1), 1e-9)


@contextmanager
def measured(processes: Mapping[str, int]) -> Iterator[Cost]:
    """Measure named processes while the block runs; the figures are there after it."""
    cost = Cost(load=os.getloadavg()[0])
    before = {name: cpu_of(pid) for name, pid in processes.items()}
    all_before, started = _machine(), perf_counter()
    yield cost
    cost.wall = perf_counter() - started
    cost.cpu = {name: cpu_of(pid) - before[name] for name, pid in processes.items()}
    cost.other = max(_machine() - all_before - cost.total, 0.0)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process, its living children and those it has reaped."""
    return sum(sum(map(int, _stat(p)[11:15])) for p in _tree(pid)) / _TICK


def own_cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process without its children; 0 when it is gone."""
    return sum(map(int, _stat(pid)[11:13])) / _TICK


def peak_memory(pid: int) -> float:
    """Return the most resident memory a process has had since `forget_peak`, in MB."""
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1000
    return 0.0


def forget_peak(pid: int) -> None:
    """Begin to measure a process's peak memory anew."""
    (_PROC / str(pid) / "clear_refs").write_text("5")


def _machine() -> float:
    """Return the CPU seconds of the whole machine so far, without waiting for disks."""
    ticks = [int(t) for t in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(ticks[:3]) + sum(ticks[5:8])) / _TICK


def _tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (stat := _stat(int(folder.name))):
            children.setdefault(int(stat[1]), []).append(int(folder.name))
    found = [pid]
    for parent in found:
        found += children.get(parent, [])
    return [p for p in found if _stat(p)]


def _stat(pid: int) -> list[str]:
    """Return the fields behind the process's name, or nothing when it is gone."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()
