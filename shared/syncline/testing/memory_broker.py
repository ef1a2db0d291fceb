"""A broker in memory: the same ports, groups and redelivery as Kafka, and faults on demand."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from random import Random

from msgspec.structs import replace

from syncline.contracts.topics import BY_NAME, is_open
from syncline.contracts.wire import Delivery, OnPartitions, Outbound, Partition, size_of
from syncline.domain.errors import CommitLostError, MessageTooLargeError, RetriableError
from syncline.security.message_keys import MessageKeys
from syncline.telemetry.foreign_messages import without_foreign


class MemoryBroker:
    """Topics come into being when they are first named; what was not signed with `keys` is foreign.

    `lose_acks` is the share of sends, 0 to 1, that are written but reported as failed.
    """

    def __init__(
        self,
        partitions: int = 4,
        *,
        lose_acks: float = 0.0,
        seed: int = 0,
        keys: MessageKeys | None = None,
    ) -> None:
        self.partitions = partitions
        self.is_away, self.keys = False, keys
        self._lose_acks = lose_acks
        self._random = Random(seed)  # noqa: S311 - faults that can be repeated
        self._logs: dict[Partition, list[Delivery]] = defaultdict(list)
        self._groups: dict[str, Group] = {}
        self.news = asyncio.Event()

    def consumer(self, group: str) -> MemoryConsumer:
        """Return a new member, not started."""
        return MemoryConsumer(self, self._groups.setdefault(group, Group(self.partitions_of)))

    def producer(self, max_message: int = 3 * 1024 * 1024, *, signs: bool = True) -> MemoryProducer:
        """Return a producer; it needs no start."""
        return MemoryProducer(self, max_message, self.keys if signs else None)

    def reader(self, topic: str, *, from_beginning: bool = True) -> MemoryReader:
        """Return a reader without a group, not started."""
        return MemoryReader(self, topic, from_beginning)

    def partitions_of(self, topic: str) -> list[Partition]:
        """Return a topic's partitions."""
        known = BY_NAME.get(topic)
        count = 1 if known is not None and known.single else self.partitions
        return [(topic, number) for number in range(count)]

    def log(self, partition: Partition) -> list[Delivery]:
        """Return all that lies in a partition."""
        return self._logs[partition]

    def lying(self, topic: str) -> list[Delivery]:
        """Return all that lies on a topic, partition by partition."""
        return [d for partition in self.partitions_of(topic) for d in self._logs[partition]]

    def committed(self, group: str) -> Mapping[Partition, int]:
        """Return a group's committed offsets."""
        return dict(self._groups[group].committed) if group in self._groups else {}

    async def evict(self, consumer: MemoryConsumer) -> None:
        """Give a member's partitions to the others unannounced, as a session timeout does."""
        await consumer.group.evict(consumer)

    def append(self, message: Outbound) -> None:
        """Write a message as the broker does."""
        places = self.partitions_of(message.topic)
        place = places[message.spread % len(places)]
        log = self._logs[place]
        m, stamp, is_ours, foreign = message, int(time.time() * 1000), True, None
        if self.keys is not None:
            own = (m.topic, m.key, m.value, m.headers)
            is_ours, foreign = self.keys.verdict(*own, is_open=is_open(m.topic))
        log.append(Delivery(*place, len(log), m.key, m.value, m.headers, stamp, is_ours, foreign))
        self.wake()

    def wake(self) -> None:
        """Let every poll that waits look again."""
        news, self.news = self.news, asyncio.Event()
        news.set()

    def check_here(self) -> None:
        """Raise RetriableError while the broker is away."""
        if self.is_away:
            raise RetriableError("the broker is away", code="kafka_unavailable")

    def loses_ack(self) -> bool:
        """Tell by chance whether this send's acknowledgement gets lost."""
        return self._random.random() < self._lose_acks


class Group:
    """MemoryConsumers and committed offsets."""

    def __init__(self, partitions_of: Callable[[str], Sequence[Partition]]) -> None:
        self.members: list[MemoryConsumer] = []
        self.committed: dict[Partition, int] = {}
        self._partitions_of = partitions_of
        self._lock = asyncio.Lock()

    async def join(self, member: MemoryConsumer) -> None:
        """Add a member and share anew."""
        async with self._lock:
            await self._revoke_all()
            self.members.append(member)
            await self._share()

    async def leave(self, member: MemoryConsumer) -> None:
        """Remove a member and share anew."""
        async with self._lock:
            if member in self.members:
                self.members.remove(member)
                await self._revoke_all()
                await self._share()

    async def evict(self, member: MemoryConsumer) -> None:
        """Remove a member that is not told; it goes on with what it has."""
        async with self._lock:
            self.members.remove(member)
            await self._revoke_all()
            await self._share()

    async def _revoke_all(self) -> None:
        for member in self.members:
            await member.revoke()

    async def _share(self) -> None:
        if not self.members:
            return
        topics = sorted({topic for member in self.members for topic in member.topics})
        places = [place for topic in topics for place in self._partitions_of(topic)]
        count = len(self.members)
        for number, member in enumerate(self.members):
            mine = places[number::count]
            await member.assign({place: self.committed.get(place, 0) for place in mine})


async def happened(event: asyncio.Event, within: float) -> bool:
    """Wait for an event, and tell whether it came within so many seconds."""
    with suppress(TimeoutError):  # it did not come
        async with asyncio.timeout(within):
            return await event.wait()
    return False


class MemoryProducer:
    """Fits runtime.ports.Producer."""

    def __init__(
        self, broker: MemoryBroker, max_message: int, keys: MessageKeys | None = None
    ) -> None:
        self._broker, self._keys, self.max_message = broker, keys, max_message

    async def start(self) -> None:
        self._broker.check_here()

    async def send(self, messages: Sequence[Outbound]) -> None:
        for message in messages:
            if (size := size_of(message)) > self.max_message:
                raise MessageTooLargeError(size, self.max_message)
        self._broker.check_here()
        for message in messages:
            self._broker.append(self._signed(message))
        await asyncio.sleep(0)
        if self._broker.loses_ack():
            raise RetriableError("written, but not acknowledged", code="kafka_unavailable")

    def _signed(self, m: Outbound) -> Outbound:
        keys = self._keys
        return replace(m, headers=keys.sign(m.topic, m.key, m.value, m.headers)) if keys else m

    async def stop(self) -> None:
        pass


class MemoryConsumer:
    """Fits runtime.ports.Consumer."""

    def __init__(self, broker: MemoryBroker, group: Group) -> None:
        self._broker = broker
        self.group = group
        self.topics: Sequence[str] = ()
        self.positions: dict[Partition, int] = {}
        self.on_assigned: OnPartitions | None = None
        self.on_revoked: OnPartitions | None = None
        self.paused: set[Partition] = set()

    async def start(
        self, topics: Sequence[str], on_assigned: OnPartitions, on_revoked: OnPartitions
    ) -> None:
        self._broker.check_here()
        self.topics, self.on_assigned, self.on_revoked = topics, on_assigned, on_revoked
        await self.group.join(self)

    async def assign(self, positions: dict[Partition, int]) -> None:
        """Take what the group gives."""
        self.positions = positions
        self.paused.clear()
        if self.on_assigned is not None:
            await self.on_assigned(frozenset(positions))

    async def revoke(self) -> None:
        """Give everything back; commits still count meanwhile."""
        mine = frozenset(self.positions)
        if mine and self.on_revoked is not None:
            await self.on_revoked(mine)
        self.positions = {}

    async def poll(
        self, wait: float, limit: int, size: int
    ) -> Mapping[Partition, Sequence[Delivery]]:
        news = self._broker.news
        taken = self._take(limit, size)
        if not taken and await happened(news, wait):
            taken = self._take(limit, size)
        return taken

    def _take(self, limit: int, size: int) -> dict[Partition, list[Delivery]]:
        self._broker.check_here()
        taken: dict[Partition, list[Delivery]] = {}
        for partition, position in self.positions.items():
            found = self._broker.log(partition)[position : position + limit]
            if found and partition not in self.paused:
                sizes = accumulate(len(delivery.value or b"") for delivery in found)
                taken[partition] = found[: max(bisect_right(list(sizes), size), 1)]
        for partition, found in taken.items():
            self.positions[partition] += len(found)
        return taken

    def pause(self, partition: Partition) -> None:
        self.paused.add(partition)

    def resume(self, partition: Partition) -> None:
        self.paused.discard(partition)
        self._broker.wake()

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        self._broker.check_here()
        await asyncio.sleep(0)
        if self not in self.group.members or not self.positions.keys() >= offsets.keys():
            raise CommitLostError("the partitions moved away")
        self.group.committed.update(offsets)

    async def behind(self) -> Mapping[Partition, int]:
        self._broker.check_here()
        return {p: len(self._broker.log(p)) - at for p, at in self.positions.items()}

    async def stop(self) -> None:
        await self.revoke()
        await self.group.leave(self)


class MemoryReader:
    """Fits runtime.control.Reader."""

    def __init__(self, broker: MemoryBroker, topic: str, from_beginning: bool) -> None:
        self._broker = broker
        self._topic = topic
        self._from_beginning = from_beginning
        self._positions: dict[Partition, int] = {}
        self._ends: dict[Partition, int] = {}

    async def start(self) -> None:
        self._broker.check_here()
        places = self._broker.partitions_of(self._topic)
        self._ends = {place: len(self._broker.log(place)) for place in places}
        self._positions = dict.fromkeys(places, 0) if self._from_beginning else dict(self._ends)

    async def poll(self, wait: float) -> list[Delivery]:
        self._broker.check_here()
        news = self._broker.news
        found = self._take()
        if not found and await happened(news, wait):
            found = self._take()
        return found

    def _take(self) -> list[Delivery]:
        found = [d for p, at in self._positions.items() for d in self._broker.log(p)[at:]]
        self._positions = {p: len(self._broker.log(p)) for p in self._positions}
        return without_foreign(found)

    async def at_end(self) -> bool:
        return all(self._positions[place] >= end for place, end in self._ends.items())

    async def stop(self) -> None:
        pass
