"""Topics that are not as the installation expects: partitions were added, or they are missing."""

from __future__ import annotations

from collections import Counter

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from msgspec.structs import replace

from syncline.contracts.wire import Outbound
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.runtime.clock import SystemClock
from syncline.runtime.loop.stage_loop import StageLoop
from syncline.runtime.spec import StageSpec
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker
from tests.support.stages import GROUP, IN, Handler, decode, running
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


async def test_a_missing_topic_is_named_until_it_is_there(kafka: KafkaPlace) -> None:
    broker = KafkaBroker(kafka)
    producer, handler = broker.producer(), Handler()
    spec = StageSpec(GROUP, [IN], decode)
    stage = StageLoop(spec, handler, broker.consumer(GROUP), producer, SystemClock())
    async with running(stage):
        missing = f"cannot read {kafka.prefix}{IN}: no such topic; create them with"
        await eventually(lambda: missing in (stage.waiting_for or ""), within=20)
        await broker.create_topics(2)
        await producer.send([Outbound(IN, b"run-1", b"a", 0)])
        await eventually(lambda: handler.calls == [["a"]], within=30)
        assert stage.waiting_for is None
    await producer.stop()
