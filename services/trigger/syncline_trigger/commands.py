"""What people want of runs, said again: whoever asked may have died before every stage heard it."""

from __future__ import annotations

from syncline.contracts.wire import Outbound
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.runs import Runs
from syncline.runtime.commands.control import Control, cancel_message, forget_message, pause_message

OLD = 5.0
"""Seconds after which a cancel that is still open is said again."""


class Wishing:
    """Compares the run rows, which are right, with what lies on the control topic."""

    def __init__(self, runs: Runs, pauses: RunPauses, control: Control) -> None:
        self._runs = runs
        self._pauses = pauses
        self._control = control

    async def messages(self) -> list[Outbound]:
        """Return what has to be said. May raise RetriableError."""
        cancels = [cancel_message(run_id, by) for run_id, by in await self._runs.open_cancels(OLD)]
        pauses = [
            pause_message(run_id, by)
            for run_id, by in await self._pauses.paused()
            if not self._control.is_paused(run_id)
        ]
        paused = self._control.paused
        over = await self._pauses.not_paused(paused) if paused else []
        return [*cancels, *pauses, *(forget_message(run_id) for run_id in over)]
