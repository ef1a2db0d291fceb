"""Messages are found again on the topics, and what is gone is told apart from what never was."""

from __future__ import annotations

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from syncline.contracts.wire import Outbound
from syncline.domain.errors import RetriableError
from syncline.kafka.message_search import Look, locate
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker

FAR = 253_402_300_799_000
MEGABYTE = 1024 * 1024


@pytest.fixture
async def broker(kafka: KafkaPlace) -> KafkaBroker:
    """Partition 1 of `raw` holds 50 messages a run, of the runs `a` and `b` in turn."""
    broker = KafkaBroker(kafka)
    await broker.create_topics(3)
    producer = broker.producer()
    messages = [
        Outbound("raw", key.encode(), f"{key}{n}".encode(), 1) for n in range(50) for key in "ab"
    ]
    await producer.send(messages)
    await producer.stop()
    return broker


def look(wanted: str, key: str = "b", topic: str = "raw", begin: int = 0, end: int = FAR) -> Look:
    return Look(topic, 4, key.encode(), begin, end, lambda d: d.value == wanted.encode())


async def test_a_message_is_found_by_its_run_and_what_it_holds(broker: KafkaBroker) -> None:
    looks = [look("b30"), look("b1", topic="payload")]
    found, other = await locate(broker.connection, looks, within=30, most=MEGABYTE)
    assert found.delivery is not None
    assert (found.delivery.partition, found.delivery.value) == (1, b"b30")
    assert (other.delivery, other.is_gone, other.is_complete) == (None, False, True)


@pytest.mark.parametrize(
    "sought", [look("a30"), look("b50"), look("b30", begin=FAR - 1), look("b30", end=1)]
)
async def test_other_runs_and_other_times_are_passed_over(
    broker: KafkaBroker, sought: Look
) -> None:
    (found,) = await locate(broker.connection, [sought], within=30, most=MEGABYTE)
    assert (found.delivery, found.is_gone, found.is_complete) == (None, False, True)


async def test_a_look_has_an_end(broker: KafkaBroker) -> None:
    (found,) = await locate(broker.connection, [look("nothing")], within=30, most=1)
    assert found.is_complete  # one poll brought all there is
    (found,) = await locate(broker.connection, [look("nothing")], within=30, most=0)
    assert (found.delivery, found.is_complete) == (None, False)


async def test_what_was_removed_is_gone(broker: KafkaBroker) -> None:
    connection = broker.connection
    admin = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap)
    await admin.start()
    try:
        place = TopicPartition(connection.topic("raw"), 1)
        await admin.delete_records({place: RecordsToDelete(before_offset=40)})
    finally:
        await admin.close()
    gone, kept = [
        (await locate(connection, [look(name)], within=30, most=MEGABYTE))[0]
        for name in ("b3", "b30")
    ]
    assert (gone.delivery, gone.is_gone) == (None, True)
    assert (kept.delivery is not None, kept.is_gone) == (True, False)


async def test_a_missing_topic_is_said_so(broker: KafkaBroker) -> None:
    elsewhere = msgspec.structs.replace(broker.connection, prefix="nowhere.")
    with pytest.raises(RetriableError, match="no such topic"):
        await locate(elsewhere, [look("b1")], within=30, most=MEGABYTE)
