"""A database that was restored to an earlier time: told by its mark, and worked on by nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from syncline.bootstrap.restore_check import RestoreCheck, RestoredDatabaseError, publish_marks
from syncline.contracts.topics import CONTROL
from syncline.domain.installation import Mark, restored
from syncline.postgres.database.database import Database
from syncline.postgres.monitoring.installation_mark import adopt_mark, raise_mark, read_mark
from syncline.runtime.commands.control import ControlTopic
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from tests.support.eventually import eventually

OTHER = "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a01"


class Installation:
    """A database, its control topic, and the processes that read it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = FakeClock()
        self.broker = MemoryBroker()
        self.tasks: list[asyncio.Task[Any]] = []

    def commands(self) -> ControlTopic:
        """Return what a new process knows of the control topic."""
        commands = ControlTopic(self.broker.reader(CONTROL), self.clock)
        self.tasks.append(asyncio.ensure_future(commands.follow()))
        return commands

    async def publish(self, times: int) -> None:
        """Let a process publish so many marks."""
        for _ in range(times):
            commands = self.commands()
            work = publish_marks(self.db, commands, self.broker.producer(), self.clock)
            task = asyncio.ensure_future(work)
            await commands.read()
            await eventually(self.sleeps, within=10)
            task.cancel()
            await asyncio.wait([task])

    async def sleeps(self) -> bool:
        return self.clock.sleepers > 0

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()


@pytest.fixture
async def place(db: Database) -> AsyncIterator[Installation]:
    place = Installation(db)
    yield place
    place.close()


async def test_a_mark_grows_and_one_of_the_past_is_not_published(db: Database) -> None:
    first = await raise_mark(db, None)
    assert first is not None
    second = await raise_mark(db, first)
    assert second == Mark(first.database, first.number + 1)
    await db.execute("update installation set mark = 1")  # restored
    assert await raise_mark(db, second) is None
    assert await raise_mark(db, Mark(OTHER, 0)) is None
    assert (await read_mark(db)).number == 1
    await adopt_mark(db, second)
    assert restored(await read_mark(db), second) is None
    assert await raise_mark(db, second) is not None


async def test_no_stage_begins_on_a_restored_database_until_a_person_decides(
    place: Installation,
) -> None:
    await place.publish(3)
    commands = place.commands()
    check = RestoreCheck(place.db, commands, place.clock)
    await check.passed()
    assert commands.mark is not None

    await place.db.execute("update installation set mark = mark - 2")
    again = RestoreCheck(place.db, commands, place.clock)
    waiting = asyncio.ensure_future(again.passed())
    await eventually(lambda: again.problem)
    assert not waiting.done()
    assert again.problem is not None
    assert "restored to an earlier time" in again.problem
    assert "`syncline topics adopt`" in again.problem
    await place.publish(1)  # what tells it does not go away by itself
    assert (await read_mark(place.db)).number < commands.mark.number

    await adopt_mark(place.db, commands.mark)
    await place.clock.advance(120)
    async with asyncio.timeout(10):
        await waiting
    assert again.problem is None


async def test_a_process_ends_when_its_database_is_restored_while_it_works(
    place: Installation,
) -> None:
    await place.publish(3)
    check = RestoreCheck(place.db, place.commands(), place.clock)
    watching = asyncio.ensure_future(check.watch())
    await eventually(place.sleeps, within=10)
    await place.db.execute("update installation set mark = 0")
    await place.clock.advance(30)
    with pytest.raises(RestoredDatabaseError, match="older than the topics"):
        async with asyncio.timeout(10):
            await watching


async def test_the_topics_of_another_database_are_told(place: Installation) -> None:
    await place.publish(1)
    own = await read_mark(place.db)
    words = restored(Mark(OTHER, own.number + 5), own)
    assert words is not None
    assert "belong to another database" in words
    assert restored(own, None) is None
