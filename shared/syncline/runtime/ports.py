"""Ports of the stages: a consumer, a producer, and limits on calls.

syncline.kafka, syncline.postgres.limits and syncline.testing implement them without importing them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from syncline.contracts.run_ref import RunRef, Runs
from syncline.contracts.wire import Delivery, OnPartitions, Outbound, Partition, UncleanEnd
from syncline.domain.errors import Failure, FailureError


class Consumer(Protocol):
    """One member of a consumer group. Offsets are only ever committed by `commit`."""

    async def start(
        self, topics: Sequence[str], on_assigned: OnPartitions, on_revoked: OnPartitions
    ) -> None:
        """Join the group; `on_revoked` is awaited before partitions are given up, also by stop().

        May be called again after stop(). Raises RetriableError while the broker is away.
        """

    async def poll(
        self, wait: float, limit: int, size: int
    ) -> Mapping[Partition, Sequence[Delivery]]:
        """Return messages that arrived, in offset order.

        Of each partition there are at most `limit`, and about `size` bytes but at least one.

        Waits up to `wait` seconds for the first one. Safe to cancel. Raises RetriableError when
        this client will not recover by itself: stop it and start it again.
        """

    def pause(self, partition: Partition) -> None:
        """Return no messages of a partition until `resume`; a rebalance ends the pause."""

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
        """Bytes of the largest message, as contracts.wire.size_of counts them."""

    async def start(self) -> None: ...

    async def send(self, messages: Sequence[Outbound]) -> None:
        """Send all and return when all are acknowledged; keeps the order of each partition.

        Raises:
            MessageTooLargeError: a message is too large; nothing of it was sent.
            RetriableError: the broker did not acknowledge all. Some may be written: send again.
        """

    async def stop(self) -> None: ...


class Custody(Protocol):
    """Which partitions a process has in hand. Every method may raise RetriableError."""

    async def take(self, partitions: Collection[Partition]) -> Mapping[Partition, UncleanEnd]:
        """Note that this process has partitions; return how those were left that nobody released.

        Their last holder died, or lost them without knowing yet.
        """

    async def mark(self, partition: Partition, offset: int | None, deaths: int) -> None:
        """Note that one message of a partition is handled alone; None: that none is.

        Args:
            deaths: of processes that had it alone in hand, this one included.
        """

    async def release(self, partitions: Collection[Partition]) -> None:
        """Note that partitions were left alive; those that another process took stay its own."""


class KnownRuns(Protocol):
    """Knows the runs that messages name; from memory after the first time."""

    async def of(self, run_ids: Collection[str]) -> Runs:
        """Return those that there are, by ID. May raise RetriableError."""


class BundlePark(Protocol):
    """Keeps bundles of runs that may not go on: on no topic, and for as long as it takes."""

    def is_for(self, run: RunRef) -> bool:
        """Tell, from memory, whether a run may not go on now."""

    async def park(self, deliveries: Sequence[Delivery]) -> None:
        """Keep bundles; they come to their topic again when their run may go on.

        One that is parked twice is kept once. May raise RetriableError.
        """


class CallPause(Protocol):
    """The pause of a profile whose system asked for it: no call begins before its end."""

    async def hold_off(self, seconds: float, reason: str) -> None:
        """Pause the profile for so many seconds; `reason` is for people."""

    async def wait(self) -> None:
        """Wait until calls may begin. Raises PausedError where that takes too long."""

    def left(self) -> tuple[float, str]:
        """Return for how many seconds no call begins, 0 or less: none, and why."""


class CallBreaker(Protocol):
    """The circuit breaker of a profile: while it is open, no call begins."""

    def check(self) -> None:
        """Raise PausedError if it is open."""

    def answered(self) -> None:
        """Note a call that did its work."""

    async def failed(self, failure: Failure) -> FailureError | None:
        """Note a failed call; return the error of the next ones if the breaker is open now."""


class CallLimiter(Protocol):
    """Keeps calls within the limits of a profile."""

    @property
    def breaker(self) -> CallBreaker: ...

    @property
    def pause(self) -> CallPause: ...

    def call(self, check: Callable[[], None] = ...) -> AbstractAsyncContextManager[None]:
        """Hold a call slot while the block runs.

        Raises RetriableError, PausedError, and what `check` raises: it is called again and again
        during the wait, to end it.
        """

    def count_failed(self, failure: Failure) -> None:
        """Count a call that failed as a whole, for metrics."""
