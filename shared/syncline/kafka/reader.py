"""Reads a topic without a group: the control topic, the status topic, `topics tail`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from syncline.contracts.topics import BY_NAME
from syncline.contracts.wire import Delivery
from syncline.kafka.client import (
    FETCH_WAIT,
    consumer_of,
    delivery_of,
    partitions_of,
    require_topics,
    start,
)
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import stop_quietly, translated
from syncline.telemetry.foreign_messages import without_foreign

STOP_WITHIN = 5.0
"""Seconds."""
FETCH_WAIT_OF_ONE = 5.0
"""Seconds that a fetch of a topic with one partition waits for a message, which ends it at once:
every process follows the control topic, on which nothing comes for minutes."""


def fetch_wait(topic: str) -> float:
    """Return how many seconds a fetch of a topic, by its logical name, waits for a message."""
    known = BY_NAME.get(topic)
    return FETCH_WAIT_OF_ONE if known is not None and known.single else FETCH_WAIT


class KafkaReader:
    """Reads all partitions of one topic; commits nothing. May be started again after stop().

    Args:
        topic: logical name.
        from_beginning: begin with the first message; else with messages sent from now on.
        since: milliseconds since 1970; begin with messages sent from then on instead.
        with_foreign: return also messages that must not be believed, for people to see.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        topic: str,
        *,
        from_beginning: bool = False,
        since: int | None = None,
        with_foreign: bool = False,
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._from_beginning = from_beginning
        self._since = since
        self._with_foreign = with_foreign
        self._client: AIOKafkaConsumer | None = None
        self._ends: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect and take the position to read from. Raises RetriableError, BrokerRefusedError."""
        name = self._connection.topic(self._topic)
        with translated(f"read {name}"):
            self._client = client = consumer_of(self._connection, fetch_wait(self._topic))
            try:
                await start(client, self._connection)
                require_topics({name}, await client.topics())
                await self._take_position(client, await partitions_of(client, name))
            except BaseException:
                await self.stop()
                raise

    async def _take_position(
        self, client: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
    ) -> None:
        client.assign(partitions)
        begins = await client.beginning_offsets(partitions)
        self._ends = await client.end_offsets(partitions)
        since = {} if self._since is None else await _since(client, partitions, self._since)
        for partition, end in self._ends.items():
            begin = begins[partition]
            wanted = begin if self._from_beginning else since.get(partition, end)
            client.seek(partition, min(max(wanted, begin), end))

    async def poll(self, wait: float) -> list[Delivery]:
        """Return messages that arrived within `wait` seconds. Raises RetriableError."""
        with translated("read"):
            arrived = await self._started().getmany(timeout_ms=int(wait * 1000))
        found = [delivery_of(m, self._connection) for ms in arrived.values() for m in ms]
        return found if self._with_foreign else without_foreign(found)

    async def at_end(self) -> bool:
        """Tell whether all messages of before the start were read."""
        client = self._started()
        with translated("read"):
            return all([await client.position(p) >= end for p, end in self._ends.items()])

    async def follow(self) -> AsyncIterator[Delivery]:
        """Yield messages for ever. Raises RetriableError."""
        while True:
            for delivery in await self.poll(1.0):
                yield delivery

    async def stop(self) -> None:
        """Disconnect; never raises, bounded in time even when the broker is away."""
        client, self._client = self._client, None
        if client is not None:
            await stop_quietly(client.stop(), STOP_WITHIN, "reader")

    def _started(self) -> AIOKafkaConsumer:
        if self._client is None:
            raise RuntimeError("the reader is not started")
        return self._client


async def _since(
    client: AIOKafkaConsumer, partitions: Sequence[TopicPartition], moment: int
) -> dict[TopicPartition, int]:
    """Return each partition's first offset since then; partitions without one are left out."""
    found = await client.offsets_for_times(dict.fromkeys(partitions, moment))
    return {partition: place.offset for partition, place in found.items() if place is not None}
