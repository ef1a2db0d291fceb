"""Topics of other programs on the session's broker: created, written to, read."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from syncline.connectors.kafka import KafkaConnector
from syncline.connectors.port import ExtractRequest, Page, Surroundings
from syncline.domain.mapping.extraction import CursorType, Extraction
from tests.support.eventually import eventually


def connector_to(
    bootstrap: str, surroundings: Surroundings | None = None, **said: Any
) -> KafkaConnector:
    """Return a connector to a broker, by default in surroundings that allow it."""
    if surroundings is None:
        host = bootstrap.rpartition(":")[0]
        surroundings = Surroundings(("127.0.0.0/8", host), topic_prefix="syncline.")
    return KafkaConnector({"bootstrapServers": bootstrap, "timeout": 10, **said}, {}, surroundings)


class OthersTopics:
    """The broker as other programs use it. `topics` begin with a name of the test's own."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self.producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=4_000_000)

    async def start(self) -> None:
        await self._admin.start()
        await self.producer.start()

    async def stop(self) -> None:
        await self.producer.stop()
        await self._admin.close()

    async def create(self, partitions: int = 1, name: str = "", **said: str) -> str:
        """Create a topic, and return its name when the broker lets everybody use it."""
        name = name or f"others-{secrets.token_hex(5)}"
        await self._admin.create_topics([NewTopic(name, partitions, 1, topic_configs=said)])
        await eventually(lambda: self._is_led(name), within=20)
        return name

    async def _is_led(self, topic: str) -> bool:
        (found,) = await self._admin.describe_topics([topic])
        return not found["error_code"] and all(p["leader"] >= 0 for p in found["partitions"])

    async def delete(self, topic: str) -> None:
        await self._admin.delete_topics([topic])

    async def grow(self, topic: str, partitions: int) -> None:
        await self._admin.create_partitions({topic: NewPartitions(partitions)})

    async def forget(self, topic: str, before: Mapping[int, int]) -> None:
        """Delete a topic's messages as retention does: those of a partition before an offset."""
        await self._admin.delete_records(
            {
                TopicPartition(topic, n): RecordsToDelete(before_offset=at)
                for n, at in before.items()
            }
        )

    async def write(
        self, topic: str, messages: Sequence[tuple[bytes | None, bytes | None]], partition: int = 0
    ) -> None:
        """Write messages, each a key and a value, in their order."""
        for key, value in messages:
            await self.producer.send(topic, value, key=key, partition=partition)
        await self.producer.flush()

    async def read(self, topic: str) -> list[Any]:
        """Return all messages of a topic, by partition and offset."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, isolation_level="read_committed"
        )
        await consumer.start()
        try:
            await consumer.end_offsets([TopicPartition(topic, 0)])
            parts = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
            ends = await consumer.end_offsets(parts)
            begins = await consumer.beginning_offsets(parts)
            consumer.assign(parts)
            for part in parts:
                consumer.seek(part, begins[part])
            found: list[Any] = []
            for part in parts:
                while await consumer.position(part) < ends[part]:
                    found += (await consumer.getmany(part, timeout_ms=200)).get(part, [])
            return found
        finally:
            await consumer.stop()


@asynccontextmanager
async def others_topics(bootstrap: str) -> AsyncIterator[OthersTopics]:
    topics = OthersTopics(bootstrap)
    await topics.start()
    yield topics
    await topics.stop()


def of_topic(topic: str, **said: Any) -> Extraction:
    """Return the extraction of a topic by its offsets."""
    own = {"id_column": "_key", "cursor_column": "_offsets", "cursor_type": CursorType.OFFSETS}
    return Extraction(**(own | {"table": topic} | said))


async def read(connector: KafkaConnector, extraction: Extraction, **said: Any) -> list[Page]:
    request = ExtractRequest(extraction, **said)
    return [page async for page in connector.extract(request)]
