"""What Deadletter needs of the database; tests have it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from syncline.contracts.events import DeadLetter
from syncline.domain.dead_letter.replay import PoisonMessage


class DeadLetters(Protocol):
    """See syncline.postgres.dead_letters.store."""

    async def store(self, letters: Sequence[DeadLetter]) -> None: ...
    async def store_poison(self, letters: Sequence[PoisonMessage]) -> None: ...
