"""Kafka as the broker suite wants it."""

from __future__ import annotations

import msgspec

from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.consumer import KafkaConsumer
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from tests.support.kafka import KafkaPlace
from tests.support.message_keys import KEYS

QUICK = {"session_timeout_ms": 6_000, "heartbeat_interval_ms": 200, "metadata_max_age_ms": 2_000}
"""A member notices a rebalance at its next heartbeat, so tests beat faster than the product."""


class KafkaBroker:
    """Makes clients of one test's own topics."""

    def __init__(self, place: KafkaPlace) -> None:
        self.connection = KafkaConnection(place.bootstrap, place.prefix, keys=KEYS)

    async def create_topics(self, partitions: int, replication: int = 1) -> None:
        await KafkaAdmin(self.connection).create_topics(partitions, replication)

    def consumer(self, group: str) -> KafkaConsumer:
        return KafkaConsumer(self.connection, group, QUICK)

    def producer(self, max_message: int = 3 * 1024 * 1024, *, signs: bool = True) -> KafkaProducer:
        own = msgspec.structs.replace(self.connection, max_message=max_message)
        return KafkaProducer(own if signs else msgspec.structs.replace(own, keys=None))

    def reader(self, topic: str, *, from_beginning: bool = True) -> KafkaReader:
        return KafkaReader(self.connection, topic, from_beginning=from_beginning)
