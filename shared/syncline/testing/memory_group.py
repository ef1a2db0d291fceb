"""A consumer group in memory: every change takes all partitions from all members, as Kafka does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from syncline.contracts.wire import Partition

PartitionsOf: TypeAlias = Callable[[str], Sequence[Partition]]
"""Gives a topic's partitions."""


class Member(Protocol):
    """One consumer of a group."""

    topics: Sequence[str]

    async def assign(self, positions: dict[Partition, int]) -> None:
        """Take what the group gives."""

    async def revoke(self) -> None:
        """Give everything back; commits still count meanwhile."""


class Group:
    """Members and committed offsets."""

    def __init__(self, partitions_of: PartitionsOf) -> None:
        self.members: list[Member] = []
        self.committed: dict[Partition, int] = {}
        self._partitions_of = partitions_of
        self._lock = asyncio.Lock()

    async def join(self, member: Member) -> None:
        """Add a member and share anew."""
        async with self._lock:
            await self._revoke_all()
            self.members.append(member)
            await self._share()

    async def leave(self, member: Member) -> None:
        """Remove a member and share anew."""
        async with self._lock:
            if member in self.members:
                self.members.remove(member)
                await self._revoke_all()
                await self._share()

    async def evict(self, member: Member) -> None:
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
