"""Making a topic longer, and reading it again from its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from benchmarks.place import PARTITIONS
from syncline.contracts.topics import INPUT_OF, Stage
from syncline.kafka.connection import KafkaConnection

_LEFT_WITHIN = 60.0
"""Seconds after which a group of which all processes have ended has no members for certain."""


async def repeat(bootstrap: str, topic: str, times: int) -> None:
    """Write all messages of a topic so many times more, each to its own partition."""
    messages = await _messages(bootstrap, topic)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2_000_000)
    await producer.start()
    try:
        for _ in range(times):
            for m in messages:
                headers = list(m.headers)
                await producer.send(topic, m.value, m.key, m.partition, headers=headers)
            await producer.flush()
    finally:
        await producer.stop()


async def _messages(bootstrap: str, topic: str) -> Sequence[ConsumerRecord]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = _partitions(topic)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for batch in (await consumer.getmany(timeout_ms=1_000)).values():
                found += batch
        return found
    finally:
        await consumer.stop()


async def rewind(bootstrap: str, stage: str) -> None:
    """Let a stage's group, of which no process runs, read its topic from the beginning."""
    connection = KafkaConnection(bootstrap)
    beginning = dict.fromkeys(_partitions(connection.topic(INPUT_OF[Stage(stage)])), 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=connection.group(stage), enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(list(beginning))
        async with asyncio.timeout(_LEFT_WITHIN):
            while True:
                try:
                    await consumer.commit(beginning)
                except KafkaError:  # it still waits for the members that it had
                    await asyncio.sleep(1.0)
                else:
                    return
    finally:
        await consumer.stop()


def _partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in range(PARTITIONS)]
