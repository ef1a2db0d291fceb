"""Stopping processes as the system does: frozen, thawed, killed, with their children."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def tree_of(pid: int) -> list[int]:
    """Return a process and all that descend from it, parents first."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def signal_tree(pid: int, number: signal.Signals) -> list[int]:
    """Send a signal to a process and all that descend from it; return them."""
    tree = tree_of(pid)
    for each in tree:
        with suppress(ProcessLookupError):
            os.kill(each, number)
    return tree


def is_frozen(pid: int) -> bool:
    """Tell whether a process is stopped by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
