"""A consumer group in memory: every change takes all partitions from all members, as Kafka does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from syncline.contracts.wire import Partition

if TYPE_CHECKING:
    from syncline.testing.memory_broker import MemoryBroker, MemoryConsumer


class Group:
    """Members and committed offsets."""

    def __init__(self) -> None:
        self.members: list[MemoryConsumer] = []
        self.committed: dict[Partition, int] = {}
        self._lock = asyncio.Lock()

    async def join(self, member: MemoryConsumer, broker: MemoryBroker) -> None:
        """Add a member and share anew."""
        async with self._lock:
            await self._revoke_all()
            self.members.append(member)
            await self._share(broker)

    async def leave(self, member: MemoryConsumer, broker: MemoryBroker) -> None:
        """Remove a member and share anew."""
        async with self._lock:
            if member in self.members:
                self.members.remove(member)
                await self._revoke_all()
                await self._share(broker)

    async def evict(self, member: MemoryConsumer, broker: MemoryBroker) -> None:
        """Remove a member that is not told; it goes on with what it has."""
        async with self._lock:
            self.members.remove(member)
            await self._revoke_all()
            await self._share(broker)

    async def _revoke_all(self) -> None:
        for member in self.members:
            await member.revoke()

    async def _share(self, broker: MemoryBroker) -> None:
        if not self.members:
            return
        topics = sorted({topic for member in self.members for topic in member.topics})
        places = [place for topic in topics for place in broker.partitions_of(topic)]
        count = len(self.members)
        for number, member in enumerate(self.members):
            mine = places[number::count]
            await member.assign({place: self.committed.get(place, 0) for place in mine})
