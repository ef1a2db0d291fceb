"""Reading without a group: the control topic, followers of the status topic, `topics tail`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, TopicPartition

from syncline.contracts.wire import Delivery
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import BrokerRefusedError, translated


class KafkaReader:
    """Reads all partitions of one topic from its beginning or its end; commits nothing."""

    def __init__(self, connection: KafkaConnection, topic: str, *, from_beginning: bool) -> None:
        self._connection = connection
        self._topic = topic
        self._from_beginning = from_beginning
        self._client: AIOKafkaConsumer | None = None
        self._ends: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Connect and take the position to read from.

        Raises:
            RetriableError: the broker is away.
            BrokerRefusedError: the topic does not exist.
        """
        client = AIOKafkaConsumer(
            **self._connection.client_settings(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
        )
        with translated():
            await client.start()
            try:
                await self._take_position(client)
            except BaseException:
                await client.stop()
                raise
        self._client = client

    async def _take_position(self, client: AIOKafkaConsumer) -> None:
        name = self._connection.topic(self._topic)
        if name not in await client.topics():
            raise BrokerRefusedError(f"there is no topic {name}: run `syncline topics create`")
        partitions = [TopicPartition(name, n) for n in client.partitions_for_topic(name) or ()]
        client.assign(partitions)
        self._ends = await client.end_offsets(partitions)
        if not self._from_beginning:
            for partition, end in self._ends.items():
                client.seek(partition, end)

    async def poll(self, wait: float) -> list[Delivery]:
        """Return what arrived within `wait` seconds. Raises RetriableError."""
        assert self._client is not None
        with translated():
            arrived = await self._client.getmany(timeout_ms=int(wait * 1000))
        return [
            Delivery(self._topic, m.partition, m.offset, m.key, m.value, m.headers, m.timestamp)
            for messages in arrived.values()
            for m in messages
        ]

    async def at_end(self) -> bool:
        """Tell whether everything was read that lay there when reading began."""
        assert self._client is not None
        with translated():
            return all([await self._client.position(p) >= end for p, end in self._ends.items()])

    async def follow(self) -> AsyncIterator[Delivery]:
        """Yield messages for ever. Raises RetriableError."""
        while True:
            for delivery in await self.poll(0.2):
                yield delivery

    async def stop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(10):
                    await client.stop()
