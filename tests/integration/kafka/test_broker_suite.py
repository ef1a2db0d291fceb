"""The Kafka adapter does what the runtime's ports promise."""

from __future__ import annotations

import pytest

from tests.suites.broker import PARTITIONS, BrokerSuite
from tests.support.kafka import KafkaPlace
from tests.support.kafka_suite import KafkaBroker


class TestKafka(BrokerSuite):
    @pytest.fixture
    async def broker(self, kafka: KafkaPlace) -> KafkaBroker:
        broker = KafkaBroker(kafka)
        await broker.create_topics(PARTITIONS)
        return broker
