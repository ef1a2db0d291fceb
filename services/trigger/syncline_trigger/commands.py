"""Reconciles run rows with the control topic: a process may die between writing the two."""

from __future__ import annotations

from syncline.contracts.wire import Outbound
from syncline.runtime.commands.control import (
    ControlTopic,
    cancel_message,
    forget_message,
    pause_message,
)
from syncline_trigger.ports import RunPauses, Runs

OLD = 5.0
"""Seconds after which a cancel that is still open is published again."""


class CommandReconciler:
    """Compares the run rows, which are right, with what lies on the control topic."""

    def __init__(self, runs: Runs, pauses: RunPauses, control: ControlTopic) -> None:
        self._runs = runs
        self._pauses = pauses
        self._control = control

    async def messages(self) -> list[Outbound]:
        """Return the commands to publish again. May raise RetriableError."""
        cancels = [cancel_message(run_id, by) for run_id, by in await self._runs.open_cancels(OLD)]
        pauses = [
            pause_message(run_id, by)
            for run_id, by in await self._pauses.paused()
            if not self._control.is_paused(run_id)
        ]
        paused = self._control.paused
        over = await self._pauses.not_paused(paused) if paused else []
        return [*cancels, *pauses, *(forget_message(run_id) for run_id in over)]
