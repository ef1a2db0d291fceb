"""A message of which its process dies, over and over, is set aside, and the others go on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Outbound
from syncline.kafka.reader import KafkaReader
from syncline.postgres.database.database import open_database
from syncline.postgres.progress.custody import StageCustody
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.killing_stage import DIED, KILLER
from tests.support.stages import GROUP, IN, OUT

ROOT = Path(__file__).parents[3]


async def processes_until(done: asyncio.Event, *arguments: str) -> list[int | None]:
    """Start the stage again whenever it dies; return how each process ended."""
    ended = []
    while not done.is_set():
        command = [sys.executable, "-m", "tests.support.killing_stage", *arguments]
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        finished = asyncio.create_task(process.wait())
        told = asyncio.create_task(done.wait())
        await asyncio.wait({finished, told}, return_when=asyncio.FIRST_COMPLETED)
        if not finished.done():
            process.kill()
        await finished
        told.cancel()
        ended.append(process.returncode)
    return ended


async def texts(reader: KafkaReader, count: int) -> list[str]:
    """Return what lies on a topic, once it holds so many different messages."""
    await reader.start()
    found: list[str] = []
    while len(set(found)) < count:
        found += [(delivery.value or b"").decode() for delivery in await reader.poll(0.5)]
    await reader.stop()
    return found


@pytest.mark.timeout(180)
async def test_a_message_that_kills_its_process_is_set_aside(
    kafka: KafkaPlace, postgres: str
) -> None:
    broker = KafkaBroker(kafka)
    await broker.create_topics(2)
    producer = broker.producer()
    ordinary = [str(number) for number in range(40)]
    sent = [*ordinary[:20], KILLER, *ordinary[20:]]
    await producer.send([Outbound(IN, b"run-1", text.encode(), 0) for text in sent])
    await producer.stop()

    done = asyncio.Event()
    arguments = (kafka.bootstrap, kafka.prefix, postgres)
    processes = asyncio.create_task(processes_until(done, *arguments))
    passed = await texts(broker.reader(OUT), len(ordinary))
    set_aside = await texts(broker.reader(DLQ), 1)
    done.set()
    ended = await processes

    assert set(passed) == set(ordinary)
    assert set_aside == [KILLER]
    assert ended[:-1] == [DIED] * 3  # the first had others in hand, too


async def test_partitions_that_were_left_alive_begin_as_usual(postgres: str) -> None:
    one, two = (IN, 0), (IN, 1)
    async with open_database(postgres) as database:
        first, second = StageCustody(database, GROUP), StageCustody(database, GROUP)
        assert not await first.take([one, two])
        await first.release([one])
        await first.mark(two, 7, 1)
        unclean = await second.take([one, two])
        assert [(p, end.offset, end.deaths) for p, end in unclean.items()] == [(two, 7, 1)]
        await first.release([two])  # it was not dead, and lost the partition
        assert set(await first.take([two])) == {two}
