"""What a service gives to the stage loop: the topics, how to read them, and its handler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeAlias, TypeVar

import msgspec

from syncline.contracts.run_ref import Runs
from syncline.contracts.wire import Delivery, Outbound
from syncline.runtime.ports import BundlePark, KnownRuns

T = TypeVar("T")
SideTask: TypeAlias = Callable[[], Awaitable[None]]
"""Runs beside the loop for ever; started again after a back-off when it raises RetriableError."""


class StageOptions(msgspec.Struct, frozen=True):
    """How a stage reads its messages.

    Attributes:
        max_items: most messages of one partition in one handler call.
        max_bytes: the same in bytes; one message goes in whatever its size.
        runs: so many runs of one partition are handled at once, each in its own order and by
            calls of its own; 1: all messages in one order, whatever their run.
        queue: messages of one partition that may wait; a full queue pauses the partition.
        queue_bytes: the same in bytes.
        commit_every: most seconds between a finished message and its commit.
        drain: seconds in which work under way may finish when a partition or the process leaves;
            0 cancels it at once.
        stalled_after: seconds without a message, although some wait, after which the client is
            replaced.
        together: the handler works on the messages of one call at the same time, else one after
            another; decides the stage timing of each message.
    """

    max_items: int = 32
    max_bytes: int = 1_000_000
    runs: int = 1
    queue: int = 64
    queue_bytes: int = 1_000_000
    commit_every: float = 0.25
    drain: float = 20.0
    stalled_after: float = 60.0
    together: bool = False


class StageSpec(msgspec.Struct, Generic[T], frozen=True):
    """What a service reads, and how it decodes it.

    Attributes:
        name: of the service and its consumer group.
        topics: logical names.
        decode: turns a delivery, with the runs that keys name, into an item of the handler; raises
            ValueError or msgspec.MsgspecError for poison, ForeignMessageError for what must not be
            believed, UnsupportedVersionError for what only a newer release understands.
        names_runs: the keys of the messages name runs, which are loaded for `decode`.
        runs: those that there are; the bootstrap gives them to a stage whose messages name runs.
        park: takes the bundles of runs that may not go on; the bootstrap gives it to a stage that
            reads bundles.
        reach: is called with items that the stage is through with, or has taken where it works on
            them together; the bootstrap gives it to a stage that reads bundles.
        work: is entered with items while the handler has them; the bootstrap gives it to a stage
            that reads bundles, and logs by it what the stage does for each run.
        records: counts the records of an item, for metrics; 1 where items are runs.
        settles: records end in this stage, so what it has handled counts as handed on.
    """

    name: str
    topics: Sequence[str]
    decode: Callable[[Delivery, Runs], T]
    options: StageOptions = StageOptions()
    records: Callable[[T], int] = lambda _item: 1
    settles: bool = False
    names_runs: bool = True
    runs: KnownRuns | None = None
    park: BundlePark | None = None
    reach: Callable[[Sequence[T]], None] = lambda _items: None
    work: Callable[[Sequence[T]], AbstractContextManager[None]] = lambda _items: nullcontext()


class Handler(ABC, Generic[T]):
    """A stage's own work."""

    @abstractmethod
    async def handle(self, items: Sequence[T]) -> Sequence[Outbound]:
        """Return the outputs of these messages of one partition, in order.

        The loop calls it again with the same messages after a failure. Raises RetriableError when
        something it needs is away; any other exception is a bug.
        """

    async def on_bug(self, item: T, error: Exception) -> Sequence[Outbound] | None:
        """Return what to send in place of an item that has broken `handle` every time.

        None, as here, sends the message itself to the DLQ. May raise RetriableError.
        """
        return None

    def side_tasks(self) -> Mapping[str, SideTask]:
        """Return the tasks that run beside the loop, by name."""
        return {}
