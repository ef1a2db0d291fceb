"""Sends with acknowledgement by all in-sync replicas; implements syncline.runtime.ports.Producer.

The client is not idempotent on purpose: aiokafka's idempotent producer never recovers from a clean
restart of a single broker, and our effects are idempotent anyway. The order of each partition
holds: a broker gets one request at a time, and a failed one goes back to the head of its queue.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec.structs import replace

from syncline.contracts.wire import Outbound, Partition, size_of
from syncline.domain.errors import MessageTooLargeError, RetriableError
from syncline.kafka import compression
from syncline.kafka.client import start
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import describe, stop_quietly, translated
from syncline.telemetry.metrics import METRICS

STOP_WITHIN = 10.0
"""Seconds."""
_Sent: TypeAlias = tuple[Outbound, Partition, asyncio.Future[Any]]
log = structlog.get_logger()


class KafkaProducer:
    """Sends to explicit partitions; a send may take `deadline` seconds."""

    def __init__(
        self,
        connection: KafkaConnection,
        deadline: float = 20.0,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._connection = connection
        self._deadline = deadline
        self._options = options or {}
        self._client: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._partitions: dict[str, int] = {}
        self._stopping: set[asyncio.Future[None]] = set()

    @property
    def max_message(self) -> int:
        """Bytes of the largest message, as contracts.wire.size_of counts them."""
        return self._connection.max_message

    async def start(self) -> None:
        """Connect. Raises RetriableError, BrokerRefusedError."""
        await self._connected()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._client is not None:
                return self._client
            compression.set_levels()
            with translated("connect"):
                client = AIOKafkaProducer(**self._settings())
                try:
                    await start(client, self._connection)
                except BaseException:
                    await stop_quietly(client.stop(), STOP_WITHIN, "producer")
                    raise
            self._client = client
            return client

    def _settings(self) -> dict[str, Any]:
        return {
            **self._connection.client_settings(),
            "acks": "all",
            "enable_idempotence": False,
            "compression_type": self._connection.compression,
            "linger_ms": 0,  # messages of one send, and of sends at the same time, go out together
            "max_batch_size": 768 * 1024,
            "max_request_size": 16 * 1024 * 1024,  # `send` has its own limit
            "request_timeout_ms": 15_000,
            **self._options,
        }

    async def send(self, messages: Sequence[Outbound]) -> None:
        """Send all and return when all are acknowledged; keeps the order of each partition.

        Raises:
            MessageTooLargeError: nothing was sent.
            RetriableError: not acknowledged within the deadline; some may have been written.
            BrokerRefusedError: credentials or rights are wrong.
        """
        messages = self._signed(messages)
        for message in messages:
            if (size := size_of(message)) > self.max_message:
                raise MessageTooLargeError(size, self.max_message)
        client = self._client
        try:
            with translated(f"send to {', '.join(sorted({m.topic for m in messages}))}"):
                async with asyncio.timeout(self._deadline):
                    client = await self._connected()
                    await self._send(client, messages)
        except RetriableError as error:
            if error.failure.code != "topic_missing":
                self._replace(client, describe(error))
            raise

    def _signed(self, messages: Sequence[Outbound]) -> Sequence[Outbound]:
        """Return messages with their digests; every message of ours passes here."""
        keys, name = self._connection.keys, self._connection.topic
        if keys is None:
            return messages
        return [
            replace(m, headers=keys.sign(name(m.topic), m.key, m.value, m.headers))
            for m in messages
        ]

    async def _send(self, client: AIOKafkaProducer, messages: Sequence[Outbound]) -> None:
        left = await self._attempt(client, messages)
        if left:  # of each partition all from the first failed one on, to keep their order
            await asyncio.sleep(0.1)
            left = await self._attempt(client, left)
        if left:
            raise RetriableError(f"{len(left)} messages were not acknowledged")

    async def _attempt(
        self, client: AIOKafkaProducer, messages: Sequence[Outbound]
    ) -> list[Outbound]:
        sent: list[_Sent] = []
        try:
            for m in messages:
                topic = self._connection.topic(m.topic)
                number = self._connection.number(m.spread, await self._count(client, topic))
                headers = list(m.headers)
                future = await client.send(topic, m.value, m.key, partition=number, headers=headers)
                sent.append((m, (topic, number), future))
            return await _unacknowledged(sent)
        finally:
            for _, _, future in sent:
                if not future.done():  # given up; its error no longer matters
                    future.add_done_callback(lambda f: f.cancelled() or f.exception())

    async def _count(self, client: AIOKafkaProducer, topic: str) -> int:
        if topic not in self._partitions:
            self._partitions[topic] = len(await client.partitions_for(topic))
        return self._partitions[topic]

    def _replace(self, client: AIOKafkaProducer | None, reason: str) -> None:
        """Let the next send make a new client: this one may be stuck."""
        if client is not self._client or client is None:
            return
        self._client = None
        self._partitions.clear()
        log.warning("producer_rebuilt", reason=reason)
        METRICS.rebuilds.labels("producer").inc()
        old = asyncio.ensure_future(stop_quietly(client.stop(), STOP_WITHIN, "producer"))
        self._stopping.add(old)
        old.add_done_callback(self._stopping.discard)

    async def stop(self) -> None:
        """Disconnect; never raises, bounded in time."""
        client, self._client = self._client, None
        if client is not None:
            await stop_quietly(client.stop(), STOP_WITHIN, "producer")
        if self._stopping:
            await asyncio.wait(self._stopping)


async def _unacknowledged(sent: Sequence[_Sent]) -> list[Outbound]:
    """Wait for all; return those to send again. Raises the client's error if it is final."""
    failed: dict[Partition, list[Outbound]] = defaultdict(list)
    final: KafkaError | None = None
    for message, place, future in sent:
        try:
            await future
        except KafkaError as error:
            failed[place].append(message)
            final = final if error.retriable else error
        else:
            if place in failed:
                failed[place].append(message)
    if final is not None:
        raise final
    return [message for same in failed.values() for message in same]
