"""Sending: explicit partitions, all in-sync replicas, and batches that we acknowledge together.

Not idempotent on purpose: aiokafka's idempotent producer never recovers from one message that is
too large or from a clean restart of a single broker, and our effects are idempotent anyway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from syncline.contracts.wire import Outbound
from syncline.domain.errors import MessageTooLargeError, RetriableError
from syncline.kafka.connection import KafkaConnection, translated

OVERHEAD = 1024
"""Bytes that headers and framing may take beside key and value."""


class KafkaProducer:
    """Fits runtime.ports.Producer."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._client: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Connect. Raises RetriableError while the broker is away."""
        client = AIOKafkaProducer(
            **self._connection.client_settings(),
            acks="all",
            enable_idempotence=False,
            compression_type=self._connection.compression,
            linger_ms=0,
            max_batch_size=1_048_576,
            max_request_size=self._connection.max_message * 4,
            request_timeout_ms=15_000,
        )
        with translated():
            try:
                await client.start()
            except BaseException:
                await _stop(client)
                raise
        self._client = client

    async def send(self, messages: Sequence[Outbound]) -> None:
        """Send all and return when all are acknowledged. See the port for what it raises."""
        self._check_sizes(messages)
        client = await self._started()
        with translated():
            futures = [
                await client.send(
                    self._connection.topic(message.topic),
                    message.value,
                    key=message.key,
                    partition=message.spread % await self._partition_count(client, message.topic),
                    headers=message.headers,
                )
                for message in messages
            ]
        await self._acknowledged(futures)

    async def _acknowledged(self, futures: list[asyncio.Future[object]]) -> None:
        if not futures:
            return
        done, _ = await asyncio.wait(futures)
        failed = [error for future in done if (error := future.exception()) is not None]
        if not failed:
            return
        if not all(isinstance(error, KafkaError) and error.retriable for error in failed):
            await self.stop()  # a client that met such an error may never work again
        self._partitions.clear()
        raise RetriableError(
            f"Kafka did not acknowledge {len(failed)} of {len(futures)} messages: {failed[0]}",
            code="broker_unavailable",
        )

    async def stop(self) -> None:
        """Disconnect; bounded in time even when the broker is away."""
        client, self._client = self._client, None
        if client is not None:
            await _stop(client)

    async def _started(self) -> AIOKafkaProducer:
        if self._client is None:
            await self.start()
        assert self._client is not None
        return self._client

    async def _partition_count(self, client: AIOKafkaProducer, topic: str) -> int:
        count = self._partitions.get(topic)
        if count is None:
            partitions = await client.partitions_for(self._connection.topic(topic))
            count = self._partitions[topic] = len(partitions)
        return count

    def _check_sizes(self, messages: Sequence[Outbound]) -> None:
        for message in messages:
            size = len(message.value or b"") + len(message.key) + OVERHEAD
            if size > self._connection.max_message:
                raise MessageTooLargeError(size, self._connection.max_message)


async def _stop(client: AIOKafkaProducer) -> None:
    with suppress(Exception, asyncio.CancelledError):
        async with asyncio.timeout(10):
            await client.stop()
