"""Dead letters in memory; `suites/dead_letters.py` holds them to what the database does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncline.contracts.events import DeadLetter
from syncline.domain.dead_letter.replay import PoisonMessage

MOST_SLOTS = 2**15 - 1


class OutOfRangeError(Exception):
    """A number that no column holds."""


class MemoryDeadLetters:
    """Fits syncline_deadletter.ports.DeadLetters."""

    def __init__(self) -> None:
        self._kept: dict[str, DeadLetter | PoisonMessage] = {}

    async def store(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            if letter.slot > MOST_SLOTS:
                raise OutOfRangeError(letter.slot)
        for letter in letters:
            self._kept.setdefault(letter.id, letter)

    async def store_poison(self, letters: Sequence[PoisonMessage]) -> None:
        for letter in letters:
            self._kept.setdefault(letter.id, letter)

    def remove(self, ids: Iterable[str]) -> None:
        """Remove dead letters, as Finalize does of records that have not failed."""
        for id_ in ids:
            self._kept.pop(id_, None)

    def errors(self) -> dict[str, str]:
        """Return what is kept: by ID, what was wrong."""
        return {
            id_: kept.error if isinstance(kept, PoisonMessage) else kept.failure.message
            for id_, kept in self._kept.items()
        }
