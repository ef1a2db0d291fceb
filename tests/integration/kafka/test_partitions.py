"""Partitions that are added to a topic move no lane before the setting says so."""

from __future__ import annotations

from collections import Counter

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from msgspec.structs import replace

from syncline.contracts.wire import Outbound
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.stages import IN
from tests.support.topics import lying

SENT = range(100, 124)
"""Spreads."""


async def after_sending(connection: KafkaConnection) -> list[int]:
    """Send with a producer of a new process; return how many messages each partition holds then."""
    producer = KafkaProducer(connection)
    await producer.send([Outbound(IN, b"run-1", str(n).encode(), n) for n in SENT])
    await producer.stop()
    held = Counter(delivery.partition for delivery in await lying(connection, IN))
    return [held[number] for number in range(8)]


async def test_a_lane_stays_where_it_is_when_partitions_are_added(kafka: KafkaPlace) -> None:
    broker = KafkaBroker(kafka)
    await broker.create_topics(4)
    connection = replace(broker.connection, partitions=4)
    assert await after_sending(connection) == [6] * 4 + [0] * 4

    admin = AIOKafkaAdminClient(**connection.client_settings())
    await admin.start()
    await admin.create_partitions({connection.topic(IN): NewPartitions(total_count=8)})
    await admin.close()

    async def are_added() -> bool:
        states = await KafkaAdmin(connection).topics()
        return any(s.name == connection.topic(IN) and s.partitions == 8 for s in states)

    await eventually(are_added, within=20)
    assert await after_sending(connection) == [12] * 4 + [0] * 4
    assert await after_sending(replace(connection, partitions=8)) == [15] * 4 + [3] * 4
