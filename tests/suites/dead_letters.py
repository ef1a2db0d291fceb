"""What Deadletter relies on of the store of dead letters, in the database and in memory."""

from __future__ import annotations

from typing import Protocol

import msgspec
import pytest
from uuid6 import uuid7

from syncline.contracts.events import DeadLetter
from syncline.domain.dead_letter.replay import PoisonMessage, poison_id
from syncline.domain.errors import Category, Failure
from syncline.domain.run import Run
from syncline_deadletter.handler import DeadLetters
from tests.support.run_life import dead_letter


class DeadLetterWorld(Protocol):
    """A store, a run whose records may fail, and a look at what is kept."""

    run: Run

    @property
    def letters(self) -> DeadLetters: ...

    async def errors(self) -> dict[str, str]:
        """Return what is kept: by ID, what was wrong."""


def poison(offset: int, error: str = "no JSON") -> PoisonMessage:
    id_ = poison_id("raw", 0, offset)
    return PoisonMessage(id_, "raw", 0, offset, "normalize", error, b"\xff")


def unstorable(letter: DeadLetter) -> DeadLetter:
    """Return a dead letter as a stranger may send it: its slot fits into no column."""
    return msgspec.structs.replace(letter, id=str(uuid7()), slot=2**15)


class DeadLetterSuite:
    """Subclasses give the fixture `world`."""

    async def test_a_dead_letter_is_kept_once_as_it_was_first(self, world: DeadLetterWorld) -> None:
        first, other = dead_letter(world.run, "a", 0), dead_letter(world.run, "b", 1)
        again = msgspec.structs.replace(
            first, failure=Failure(Category.PERMANENT, "rejected", "something else")
        )
        await world.letters.store([first])
        await world.letters.store([again, other])
        assert await world.errors() == {
            first.id: first.failure.message,
            other.id: other.failure.message,
        }

    async def test_an_undecodable_message_is_kept_once(self, world: DeadLetterWorld) -> None:
        await world.letters.store_poison([poison(1)])
        await world.letters.store_poison([poison(1, "other words"), poison(2)])
        assert await world.errors() == {poison(1).id: "no JSON", poison(2).id: "no JSON"}

    async def test_what_no_column_holds_is_refused_with_all_beside_it(
        self, world: DeadLetterWorld
    ) -> None:
        good = dead_letter(world.run, "a", 0)
        with pytest.raises(Exception, match=r"."):
            await world.letters.store([good, unstorable(good)])
        assert await world.errors() == {}
