"""A member of a consumer group; implements syncline.runtime.ports.Consumer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from syncline.contracts.wire import Delivery, OnPartitions, Partition
from syncline.domain.errors import CommitLostError
from syncline.kafka.client import delivery_of, partitions_of, require_topics, start
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import describe, stop_quietly, translated, translated_commit
from syncline.kafka.membership import Membership
from syncline.telemetry.deleted_messages import report_deleted_unread

ANY = "*"
"""Ends the name of topics of which there may be none or many, and new ones at any time."""
HEARTBEAT = 1.0
"""Seconds between two heartbeats; a member hears of a rebalance at its next one."""
COMMIT_WITHIN, STOP_WITHIN = 10.0, 10.0
"""Seconds."""
FETCH = 256 * 1024
"""Bytes of one partition that the client fetches and keeps, compressed as on the topic: several
times as many when they are read."""
HELD_POLL = 0.05
"""Seconds that a poll waits while a partition is paused; a resume does not wake the poll."""
log = structlog.get_logger()
_NOWHERE = TopicPartition("", -1)
"""A poll of it returns nothing, but keeps the client alive and raises errors of its tasks."""


class KafkaConsumer:
    """Reads bytes; offsets move only by `commit`.

    The data of a paused partition stays in the client's buffer. The client's own pause drops the
    buffer, and each resume would fetch everything again.
    """

    def __init__(
        self, connection: KafkaConnection, group: str, options: Mapping[str, Any] | None = None
    ) -> None:
        self._connection = connection
        self._stage = group
        self._group = connection.group(group)
        self._options = options or {}
        self._client: AIOKafkaConsumer | None = None
        self._on_revoked: OnPartitions | None = None
        self._mine: set[TopicPartition] = set()
        self._held: set[TopicPartition] = set()
        self._sizes: dict[TopicPartition, int] = {}  # the largest message of the last poll
        self._changed = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None  # for deleted messages
        self.membership = Membership(connection, self._group)

    async def start(
        self, topics: Sequence[str], on_assigned: OnPartitions, on_revoked: OnPartitions
    ) -> None:
        """Join the group. Raises RetriableError, BrokerRefusedError, NameTakenError."""
        self._on_revoked = on_revoked
        names = {self._connection.topic(topic) for topic in topics}
        with translated(f"join group {self._group}"):
            await self.membership.require_own_name()
            self._client = client = AIOKafkaConsumer(group_id=self._group, **self._settings())
            await start(client, self._connection)
            fixed = {name for name in names if not name.endswith(ANY)}
            require_topics(fixed, await client.topics())
            for name in fixed:  # a leader that does not know a topic assigns none of its partitions
                await partitions_of(client, name)
            wanted = {"topics": names} if names == fixed else {"pattern": pattern_of(names)}
            listener = _Listener(self, client, on_assigned, on_revoked)
            client.subscribe(**wanted, listener=listener)
            await client.getmany(_NOWHERE, timeout_ms=0)  # waits for the assignment

    def _settings(self) -> dict[str, Any]:
        # The assignor keeps its state in the class, so each member needs its own class.
        assignor = type("Sticky", (StickyPartitionAssignor,), {"member_assignment": None})
        return {
            **self._connection.client_settings(),
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "group_instance_id": self._connection.member,
            "session_timeout_ms": int(self._connection.session_timeout * 1000),
            "heartbeat_interval_ms": int(HEARTBEAT * 1000),
            "rebalance_timeout_ms": 60_000,  # long enough for the drains of the others
            "max_poll_interval_ms": 300_000,
            "metadata_max_age_ms": 30_000,  # new topics of a pattern are found as soon
            "fetch_max_bytes": 4 * 1024 * 1024,
            "max_partition_fetch_bytes": FETCH,
            "partition_assignment_strategy": (assignor,),
            **self._options,
        }

    async def poll(
        self, wait: float, limit: int, size: int
    ) -> Mapping[Partition, Sequence[Delivery]]:
        """Return messages that arrived, at most `limit` and about `size` bytes a partition.

        A fetch may hold many times as many bytes, as it is compressed.
        """
        client = self._started()
        if self._looking is not None:
            await asyncio.wait([self._looking])
        with translated("poll"):
            open_ = self._mine - self._held
            if not open_:
                await client.getmany(_NOWHERE, timeout_ms=0)
                self._changed.clear()
                with suppress(TimeoutError):  # the caller polls again
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                return {}
            taken: dict[TopicPartition, list[Any]] = {}
            for tp in open_:  # one by one; else the first partition would be emptied first
                count = self._count(tp, limit, size)
                taken |= await client.getmany(tp, timeout_ms=0, max_records=count)
            if not taken:
                wait = min(wait, HELD_POLL) if self._held else wait
                count = min(self._count(tp, limit, size) for tp in open_)
                taken = await client.getmany(*open_, timeout_ms=int(wait * 1000), max_records=count)
        for tp, got in taken.items():
            self._sizes[tp] = max(len(r.value or b"") for r in got)
        return {
            self._connection.named(tp): [delivery_of(r, self._connection) for r in got]
            for tp, got in self._ours(taken).items()
        }

    def _count(self, tp: TopicPartition, limit: int, size: int) -> int:
        """Return how many messages of a partition to take: at first one, which shows their size."""
        return max(min(limit, size // (self._sizes.get(tp, size) or 1)), 1)

    def _ours(self, taken: dict[TopicPartition, list[Any]]) -> dict[TopicPartition, list[Any]]:
        """Put back messages of partitions whose assignment we have not heard of yet."""
        for tp in taken.keys() - self._mine:
            self._started().seek(tp, taken.pop(tp)[0].offset)
        return taken

    def pause(self, partition: Partition) -> None:
        """Return nothing of a partition until it is resumed; a rebalance forgets it."""
        self._held.add(self._connection.placed(partition))

    def resume(self, partition: Partition) -> None:
        """Return messages of a partition again."""
        self._held.discard(self._connection.placed(partition))
        self._changed.set()

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit next offsets to read. Raises CommitLostError, RetriableError."""
        places = {
            self._connection.placed(partition): offset for partition, offset in offsets.items()
        }
        if self._client is None:  # a drain may end behind the stop
            raise CommitLostError("the consumer has stopped")
        with translated_commit():
            async with asyncio.timeout(COMMIT_WITHIN):
                await self._client.commit(places)

    async def behind(self) -> Mapping[Partition, int]:
        """Return how many messages were not polled yet. Raises RetriableError."""
        client = self._started()
        with translated("ask for lag"):
            async with asyncio.timeout(COMMIT_WITHIN):
                ends = await client.end_offsets(sorted(self._mine))
                return {
                    self._connection.named(tp): max(end - await client.position(tp), 0)
                    for tp, end in ends.items()
                    if tp in self._mine
                }

    async def stop(self) -> None:
        """Give the partitions up, leave the group, disconnect; never raises, bounded in time."""
        if self._client is None:
            return
        if self._on_revoked is not None and self._mine:
            await self._on_revoked(frozenset(map(self._connection.named, self._mine)))
        client, self._client = self._client, None
        self.membership.end(client)
        self._mine.clear()
        if self._looking is not None:
            self._looking.cancel()
        await stop_quietly(client.stop(), STOP_WITHIN, "consumer")

    def look_for_deleted(self) -> None:
        """Report what retention deleted while nobody read; nothing is polled before that."""
        self._looking = asyncio.create_task(
            self._report_deleted(self._started(), sorted(self._mine))
        )

    async def _report_deleted(
        self, client: AIOKafkaConsumer, places: Sequence[TopicPartition]
    ) -> None:
        """Compare what is committed with the starts of the logs; commit these, to tell it once."""
        try:
            async with asyncio.timeout(COMMIT_WITHIN):
                committed = {tp: await client.committed(tp) for tp in places}
                begins = await client.beginning_offsets(places)
                gone = {
                    tp: begins[tp] - offset
                    for tp, offset in committed.items()
                    if offset is not None and begins[tp] > offset
                }
                for tp, missing in gone.items():
                    report_deleted_unread(self._stage, *self._connection.named(tp), missing)
                if gone:
                    await client.commit({tp: begins[tp] for tp in gone})
        except (KafkaError, TimeoutError) as error:
            log.warning("log_start_unknown", reason=describe(error))

    def hold_nothing(self, mine: Iterable[TopicPartition]) -> frozenset[Partition]:
        """Begin with these partitions, none of them paused; return their logical names."""
        self._mine = set(mine)
        self._held.clear()
        self._sizes.clear()
        self._changed.set()
        return frozenset(map(self._connection.named, self._mine))

    def _started(self) -> AIOKafkaConsumer:
        if self._client is None:
            raise RuntimeError("the consumer is not started")
        return self._client


def pattern_of(names: Iterable[str]) -> str:
    """Return the regular expression of topics, of which those that end with `*` are beginnings."""
    parts = [re.escape(n.removesuffix(ANY)) + (".+" if n.endswith(ANY) else "") for n in names]
    return f"^(?:{'|'.join(sorted(parts))})$"


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Nothing is polled between the two calls."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        client: AIOKafkaConsumer,
        on_assigned: OnPartitions,
        on_revoked: OnPartitions,
    ) -> None:
        self._consumer = consumer
        self._client = client
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._consumer.membership.require()
        names = self._consumer.hold_nothing(revoked)
        self._consumer.hold_nothing(())
        await self._on_revoked(names)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.membership.begin(self._client)
        names = self._consumer.hold_nothing(assigned)
        self._consumer.look_for_deleted()
        await self._on_assigned(names)
