"""What a service tells the loop: what it reads, how it reads it, what it does with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from syncline.contracts.wire import Delivery, Outbound

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


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
    """

    max_items: int = 32
    parallel: int = 1
    queue: int = 64
    queue_bytes: int = 4 * 1024 * 1024
    commit_every: float = 0.25
    drain: float = 20.0
    stalled_after: float = 60.0


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


class Handler(Protocol[T_contra]):
    """A stage's own work.

    It may also have `on_too_large(outbound) -> Sequence[Outbound]`, asked for what to send instead
    of a message that no broker takes, and `on_bug(item, error) -> Sequence[Outbound]`, asked for
    what to send instead of a poison message when an item has broken the stage every time.
    """

    async def handle(self, items: Sequence[T_contra]) -> Sequence[Outbound]:
        """Return what these messages of one partition give rise to, in order.

        Called again with the same after a failure. Raises RetriableError when something it needs
        is away; anything else is a bug.
        """
