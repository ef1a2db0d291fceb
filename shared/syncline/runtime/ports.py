"""What stages need of the outside: a broker to read from and write to, and limits on their calls.

syncline.kafka, syncline.postgres.limits and syncline.testing fit these without importing them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from syncline.contracts.wire import Delivery, OnPartitions, Outbound, Partition


class Consumer(Protocol):
    """One member of a consumer group. Offsets are only ever committed by `commit`."""

    async def start(
        self, topics: Sequence[str], on_assigned: OnPartitions, on_revoked: OnPartitions
    ) -> None:
        """Join the group; `on_revoked` is awaited before partitions are given up, by stop() too.

        May raise RetriableError while the broker is away. May be called again after stop().
        """

    async def poll(self, wait: float, limit: int) -> Mapping[Partition, Sequence[Delivery]]:
        """Return what arrived, at most `limit` messages a partition, in offset order.

        Waits up to `wait` seconds for the first one. Safe to cancel. Raises RetriableError when
        this client will not recover by itself: stop it and start again.
        """

    def pause(self, partition: Partition) -> None:
        """Stop fetching a partition; a rebalance forgets it."""

    def resume(self, partition: Partition) -> None: ...

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit next offsets to read. Raises CommitLostError when the partitions moved away."""

    async def behind(self) -> Mapping[Partition, int]:
        """Ask the broker how many messages of each assigned partition were not polled yet.

        Raises RetriableError while the broker is away.
        """

    async def stop(self) -> None:
        """Leave the group. Never raises; bounded in time even when the broker is away."""


class Producer(Protocol):
    """Sends messages, acknowledged by all in-sync replicas."""

    @property
    def max_message(self) -> int:
        """Bytes of the largest message, as contracts.wire.size_of counts."""

    async def start(self) -> None: ...

    async def send(self, messages: Sequence[Outbound]) -> None:
        """Send all and return when all are acknowledged; order per partition is kept.

        Raises MessageTooLargeError before anything of that message is sent, RetriableError when
        the broker did not acknowledge: some may have been written, sending again is right.
        """

    async def stop(self) -> None: ...


class CallPause(Protocol):
    """A profile's system asked to be left alone: no call begins before."""

    async def hold_off(self, seconds: float, reason: str) -> None:
        """Begin no call before so many seconds have passed; `reason` is for people."""

    async def wait(self) -> None:
        """Wait until calls may begin. Raises PausedError where that is not soon."""


class CallLimiter(Protocol):
    """Holds calls to the limits of a profile."""

    @property
    def pause(self) -> CallPause: ...

    def call(self) -> AbstractAsyncContextManager[None]:
        """Hold a call slot. Raises RetriableError, PausedError."""
