"""Trigger topics of single tenants: made one by one, and found by those who read them all."""

from __future__ import annotations

from syncline.contracts.topics import TENANT_TRIGGERS, TRIGGERS
from syncline.contracts.wire import Delivery, Outbound, Partition
from syncline.kafka.admin import KafkaAdmin
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker


async def test_a_tenants_topic_is_made_once_and_by_itself(kafka: KafkaPlace) -> None:
    admin = KafkaAdmin(KafkaBroker(kafka).connection)
    name = f"{kafka.prefix}triggers.acme"
    assert [await admin.create_tenant_topic("acme", 1) for _ in range(2)] == [name, name]
    assert {topic.partitions for topic in await admin.topics()} == {0}


async def test_a_topic_that_comes_later_is_read_too(kafka: KafkaPlace) -> None:
    broker = KafkaBroker(kafka)
    admin = KafkaAdmin(broker.connection)
    await admin.create_topics(2, 1, ["acme"])
    consumer = broker.consumer("trigger")
    mine: set[Partition] = set()
    seen: list[Delivery] = []

    async def assigned(partitions: frozenset[Partition]) -> None:
        mine.update(partitions)

    async def revoked(partitions: frozenset[Partition]) -> None:
        mine.difference_update(partitions)

    async def read(count: int) -> bool:
        for deliveries in (await consumer.poll(0.2, 100, 1_000_000)).values():
            seen.extend(deliveries)
        return len({d.topic for d in seen}) >= count  # a rebalance repeats what was not committed

    await consumer.start([TRIGGERS, f"{TENANT_TRIGGERS}*"], assigned, revoked)
    await eventually(lambda: read(0) if mine else False, within=30)
    assert mine == {("triggers", 0), ("triggers", 1), ("triggers.acme", 0)}
    assert await admin.create_topics(2, 1, ["acme", "b-2"]) == [f"{kafka.prefix}triggers.b-2"]
    stranger, ours = broker.producer(signs=False), broker.producer()
    sent = [Outbound(name, b"k", name.encode(), 0) for name in ("triggers.acme", "triggers.b-2")]
    await stranger.send(sent)
    await ours.send([Outbound(TRIGGERS, b"k", b"triggers", 1)])
    await eventually(lambda: read(3), within=60)
    await consumer.stop()
    await stranger.stop()
    await ours.stop()
    assert {(d.topic, d.value, d.is_ours, d.foreign) for d in seen} == {
        ("triggers", b"triggers", True, None),
        ("triggers.acme", b"triggers.acme", False, None),
        ("triggers.b-2", b"triggers.b-2", False, None),
    }
