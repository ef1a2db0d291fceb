"""How far consumer groups are behind, asked repeatedly with clients that stay connected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from syncline.contracts.wire import Partition
from syncline.kafka.client import consumer_of, partitions_of, start
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import stop_quietly, translated

STATES = ("whole", "under_replicated", "leaderless")
STOP_WITHIN = 5.0
"""Seconds."""


class GroupLag(msgspec.Struct, frozen=True):
    """A consumer group at one moment.

    Attributes:
        members: processes in the group, as its coordinator says.
        done: next offset of each partition; the first one if the group never committed, or if
            retention deleted messages that it has not read.
        ends: the offset that the next message of each partition will get.
        gone: so many messages of a partition were deleted unread; only those above 0.
    """

    members: int
    done: Mapping[Partition, int]
    ends: Mapping[Partition, int]
    gone: Mapping[Partition, int] = {}

    def by_topic(self) -> dict[str, int]:
        """Return how many messages of each topic the group has not finished."""
        lag = Counter[str]()
        for place, end in self.ends.items():
            lag[place[0]] += end - self.done[place]
        return dict(lag)


class Replication(msgspec.Struct, frozen=True):
    """The brokers that are there, and partitions by their state.

    Attributes:
        under_replicated: with a leader, and a replica that is behind or away.
        leaderless: nobody can read or write them.
    """

    brokers: int
    whole: int
    under_replicated: int
    leaderless: int


class LagReader:
    """Asks about an installation's groups; `reads` holds their logical topics."""

    def __init__(self, connection: KafkaConnection, reads: Mapping[str, Sequence[str]]) -> None:
        self._connection = connection
        self._reads = reads
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._partitions: dict[str, list[TopicPartition]] = {}
        self._coordinators: dict[str, int] = {}

    async def look(self) -> dict[str, GroupLag]:
        """Return the lag of every group. Raises RetriableError, BrokerRefusedError."""
        try:
            with translated("tell the lag"):
                admin, consumer = await self._connected()
                places = [p for group in self._reads for p in self._partitions[group]]
                ends = await consumer.end_offsets(places)
                return {
                    group: await self._group(admin, consumer, group, ends) for group in self._reads
                }
        except BaseException:
            await self.stop()
            raise

    async def replication(self) -> Replication:
        """Look at the brokers and the topics' partitions. Raises as `look`."""
        try:
            with translated("tell the state of partitions"):
                admin, _ = await self._connected()
                cluster = await admin.describe_cluster()
                names = {place.topic for group in self._partitions.values() for place in group}
                topics = await admin.describe_topics(sorted(names))
        except BaseException:
            await self.stop()
            raise
        found = Counter(state_of(part) for topic in topics for part in topic["partitions"])
        return Replication(
            len(cluster["brokers"]),
            *(found[s] for s in ("whole", "under_replicated", "leaderless")),
        )

    async def _connected(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**self._connection.client_settings())
            await start(self._admin, self._connection)
        if self._consumer is None:
            self._consumer = consumer_of(self._connection)
            await start(self._consumer, self._connection)
            for group, topics in self._reads.items():
                names = [self._connection.topic(topic) for topic in topics]
                found = [await partitions_of(self._consumer, name) for name in names]
                self._partitions[group] = [place for places in found for place in places]
        return self._admin, self._consumer

    async def _group(
        self,
        admin: AIOKafkaAdminClient,
        consumer: AIOKafkaConsumer,
        group: str,
        ends: Mapping[TopicPartition, int],
    ) -> GroupLag:
        name, places = self._connection.group(group), self._partitions[group]
        if group not in self._coordinators:
            self._coordinators[group] = await admin.find_coordinator(name)
        node = self._coordinators[group]
        (answer,) = await admin.describe_consumer_groups([name], node)
        ((code, _name, _state, _type, _protocol, members, *_),) = answer.groups
        if code:  # another broker has the group by now: the offsets would come empty
            raise for_code(code)(f"no answer about group {name}")
        committed = await admin.list_consumer_group_offsets(name, node)
        done = {p: getattr(committed.get(p), "offset", -1) for p in places}
        behind = [place for place in places if done[place] < ends[place]]
        begins = await consumer.beginning_offsets(behind) if behind else {}
        gone = {p: begin - done[p] for p, begin in begins.items() if begin > done[p] >= 0}
        done |= {p: max(done[p], begin) for p, begin in begins.items()}
        return GroupLag(
            len(members),
            {self._connection.named(p): done[p] for p in places},
            {self._connection.named(p): ends[p] for p in places},
            {self._connection.named(p): count for p, count in gone.items()},
        )

    async def stop(self) -> None:
        """Disconnect; never raises, bounded in time."""
        consumer, admin = self._consumer, self._admin
        self._consumer, self._admin = None, None
        self._coordinators.clear()
        if consumer is not None:
            await stop_quietly(consumer.stop(), STOP_WITHIN, "lag reader")
        if admin is not None:
            await stop_quietly(admin.close(), STOP_WITHIN, "lag reader")


def state_of(partition: Mapping[str, Any]) -> str:
    """Return one of STATES, of a partition as the broker describes it."""
    if partition["leader"] < 0:
        return "leaderless"
    return "under_replicated" if len(partition["isr"]) < len(partition["replicas"]) else "whole"
