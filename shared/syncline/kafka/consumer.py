"""One member of a consumer group: bytes in, explicit commits out, drained before it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from syncline.contracts.wire import Delivery, OnPartitions, Partition
from syncline.domain.errors import CommitLostError, RetriableError
from syncline.kafka.connection import KafkaConnection, translated


class KafkaConsumer:
    """Fits runtime.ports.Consumer."""

    def __init__(self, connection: KafkaConnection, group: str) -> None:
        self._connection = connection
        self._group = f"{connection.prefix}{group}"
        self._client: AIOKafkaConsumer | None = None
        self._on_revoked: OnPartitions | None = None

    async def start(
        self, topics: Sequence[str], on_assigned: OnPartitions, on_revoked: OnPartitions
    ) -> None:
        """Join the group; see the port."""
        client = AIOKafkaConsumer(
            **self._connection.client_settings(),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=30_000,
            heartbeat_interval_ms=3_000,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
            fetch_max_bytes=16_777_216,
            max_partition_fetch_bytes=1_048_576,
            fetch_max_wait_ms=200,
        )
        self._on_revoked = on_revoked
        listener = _Listener(self._connection, on_assigned, on_revoked)
        client.subscribe([self._connection.topic(t) for t in topics], listener=listener)
        with translated():
            try:
                await client.start()
            except BaseException:
                await _stop(client)
                raise
        self._client = client

    async def poll(self, wait: float, limit: int) -> Mapping[Partition, Sequence[Delivery]]:
        """Return what arrived; see the port."""
        with translated():
            arrived = await self._started().getmany(
                timeout_ms=int(wait * 1000), max_records=limit * 8
            )
        return {
            (self._connection.logical(tp.topic), tp.partition): [
                Delivery(
                    self._connection.logical(tp.topic), tp.partition, m.offset, m.key, m.value,
                    m.headers, m.timestamp,
                )
                for m in messages
            ]
            for tp, messages in arrived.items()
        }  # fmt: skip

    def pause(self, partition: Partition) -> None:
        with suppress(IllegalStateError):  # revoked meanwhile
            self._started().pause(self._native(partition))

    def resume(self, partition: Partition) -> None:
        with suppress(IllegalStateError):
            self._started().resume(self._native(partition))

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit next offsets to read; see the port."""
        native = {self._native(partition): offset for partition, offset in offsets.items()}
        try:
            await self._started().commit(native)
        except (CommitFailedError, IllegalStateError) as error:
            raise CommitLostError(str(error)) from error
        except (KafkaError, OSError, TimeoutError) as error:
            raise RetriableError(f"commit failed: {error}", code="broker_unavailable") from error

    async def stop(self) -> None:
        """Drain and leave the group; see the port."""
        client, self._client = self._client, self._client
        if client is None:
            return
        with suppress(Exception):
            if self._on_revoked is not None:
                held = frozenset(
                    (self._connection.logical(tp.topic), tp.partition) for tp in client.assignment()
                )
                await self._on_revoked(held)
        self._client = None
        await _stop(client)

    def _started(self) -> AIOKafkaConsumer:
        if self._client is None:
            raise CommitLostError("the consumer has left its group")
        return self._client

    def _native(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._connection.topic(partition[0]), partition[1])


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    def __init__(
        self, connection: KafkaConnection, on_assigned: OnPartitions, on_revoked: OnPartitions
    ) -> None:
        self._connection = connection
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        await self._on_assigned(self._logical(assigned))

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        await self._on_revoked(self._logical(revoked))

    def _logical(self, partitions: Sequence[TopicPartition]) -> frozenset[Partition]:
        return frozenset((self._connection.logical(p.topic), p.partition) for p in partitions)


async def _stop(client: AIOKafkaConsumer) -> None:
    # With the broker away aiokafka's stop() hangs, or raises CancelledError of its own tasks.
    with suppress(Exception, asyncio.CancelledError):
        async with asyncio.timeout(10):
            await client.stop()
