"""What people want of runs, as a test says it."""

from __future__ import annotations


class ToldCommands:
    """Fits runtime.commands.stopped_bundles.RunCommands."""

    def __init__(self) -> None:
        self.cancelled: set[str] = set()
        self.paused: set[str] = set()

    def is_cancelled(self, run_id: str) -> bool:
        return run_id in self.cancelled

    def is_paused(self, run_id: str) -> bool:
        return run_id in self.paused
