"""Deadletter: takes records that failed for good from `dlq`, stores them, then reports them failed.

The order is the promise: an entry is stored before its outcome is published, so each Failed
record of a run has exactly one dead letter, whatever crashes in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from syncline.contracts.events import DeadLetter
from syncline.contracts.sending import report_message
from syncline.contracts.wire import Outbound
from syncline.domain.dead_letter import PoisonLetter
from syncline.postgres.letters import Letters
from syncline_deadletter.housekeeping import Housekeeping
from syncline_deadletter.rules import Letter, settled


class DeadletterStage:
    """Stores a poll's letters in one transaction."""

    def __init__(self, letters: Letters, housekeeping: Housekeeping) -> None:
        self._letters = letters
        self._housekeeping = housekeeping

    def side_tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        return {"housekeeping": self._housekeeping.run}

    async def handle(self, letters: Sequence[Letter]) -> list[Outbound]:
        records = [letter for letter in letters if isinstance(letter, DeadLetter)]
        poison = [letter for letter in letters if isinstance(letter, PoisonLetter)]
        if records:
            await self._letters.store(records)
        if poison:
            await self._letters.store_poison(poison)
        return [report_message(settled(letter)) for letter in records]
