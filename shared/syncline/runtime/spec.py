"""What a service gives to the loop: what it reads, how it reads it, and the handler of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec

from syncline.contracts.wire import Delivery, Outbound

T = TypeVar("T")
SideTask: TypeAlias = Callable[[], Awaitable[None]]
"""Runs beside the loop for ever; one that raises RetriableError is begun anew after a pause."""


class StageOptions(msgspec.Struct, frozen=True):
    """How a stage takes its messages.

    Attributes:
        max_items: most messages of one partition handed to the handler at once.
        parallel: handler calls of one partition at once; above 1 their order is not kept.
        queue: messages of one partition that may wait; a full queue pauses the partition.
        queue_bytes: the same in bytes.
        commit_every: seconds between a finished message and its commit, at most.
        drain: seconds that work under way may take when a partition or the process leaves; 0
            cuts it off at once.
        stalled_after: seconds without a message although some lie there, after which the client
            is replaced.
        together: the handler works on the messages of one call at the same time, else one after
            another; it tells how long each was worked on.
    """

    max_items: int = 32
    parallel: int = 1
    queue: int = 64
    queue_bytes: int = 4 * 1024 * 1024
    commit_every: float = 0.25
    drain: float = 20.0
    stalled_after: float = 60.0
    together: bool = False


class StageSpec(msgspec.Struct, Generic[T], frozen=True):
    """What a service reads, and how.

    Attributes:
        name: of the service and its consumer group.
        topics: logical names.
        decode: turns a delivery into what the handler takes; raises ValueError or
            msgspec.MsgspecError for poison.
        records: how many records an item is, for figures; 1 where items are runs.
        settles: whether records end their way here, so that what was taken counts as handed on.
    """

    name: str
    topics: Sequence[str]
    decode: Callable[[Delivery], T]
    options: StageOptions = StageOptions()
    records: Callable[[T], int] = lambda _item: 1
    settles: bool = False


class Handler(ABC, Generic[T]):
    """A stage's own work."""

    @abstractmethod
    async def handle(self, items: Sequence[T]) -> Sequence[Outbound]:
        """Return what these messages of one partition give rise to, in order.

        Called again with the same after a failure. Raises RetriableError when something it needs
        is away; anything else is a bug.
        """

    def on_bug(self, item: T, error: Exception) -> Sequence[Outbound] | None:
        """Return what to send instead of an item that has broken `handle` every time.

        None, as here: the message itself goes to the DLQ.
        """
        return None

    def side_tasks(self) -> Mapping[str, SideTask]:
        """Return what runs beside the loop, by name."""
        return {}
