"""Keeps a stage from working on a database that was restored to an earlier time."""

from __future__ import annotations

from syncline.bootstrap.start_check import StartCheck
from syncline.domain.errors import SynclineError
from syncline.domain.installation import Mark, restored
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.reader import KafkaReader
from syncline.postgres.database.database import Database
from syncline.postgres.monitoring.installation_mark import raise_mark, read_mark
from syncline.runtime.clock import Clock
from syncline.runtime.commands.control import ControlTopic, mark_message
from syncline.runtime.ports import Producer
from syncline.runtime.process.lifecycle import run_with_side_tasks

LOOK_EVERY = 15.0
"""Seconds between two looks while a stage works."""
MARK_EVERY = 5.0
"""Seconds; a backup of that age, or a standby that was so far behind, is not told from the database
as it was."""


class RestoredDatabaseError(SynclineError):
    """The database was restored to an earlier time while the process worked; it begins anew."""


class RestoreCheck(StartCheck):
    """Compares the database's mark with the newest one on the control topic."""

    def __init__(self, database: Database, commands: ControlTopic, clock: Clock) -> None:
        super().__init__(self._compare, clock)
        self._database = database
        self._commands = commands

    async def passed(self) -> None:
        """Wait until the database is as new as the topics, or a person has decided."""
        await self._commands.read()
        await super().passed()

    async def _compare(self) -> str | None:
        return restored(await read_mark(self._database), self._commands.mark)

    async def watch(self) -> None:
        """Side task: end the process if the database is restored while it works.

        Raises RestoredDatabaseError, RetriableError.
        """
        await self.passed()
        while True:
            await self._clock.sleep(LOOK_EVERY)
            published = self._commands.mark  # before the database is asked: it is never ahead of it
            if (problem := restored(await read_mark(self._database), published)) is not None:
                raise RestoredDatabaseError(problem)


async def publish_marks(
    database: Database, commands: ControlTopic, producer: Producer, clock: Clock
) -> None:
    """Side task: raise the mark and publish it, while the published one is of the database's past.

    May raise RetriableError.
    """
    await commands.read()
    while True:
        mark = await raise_mark(database, commands.mark)
        if mark is not None:
            await producer.send([mark_message(mark)])
        await clock.sleep(MARK_EVERY)


async def published_mark(connection: KafkaConnection, clock: Clock) -> Mark | None:
    """Return the newest mark on the control topic. Raises RetriableError."""
    reader = KafkaReader(connection, "control", from_beginning=True)
    commands = ControlTopic(reader, clock)
    await run_with_side_tasks(commands.read(), {"control": commands.follow}, clock)
    return commands.mark
