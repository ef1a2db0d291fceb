"""Begins a partition carefully after a process died with it: one message at a time, each marked.

The reasons: docs/decisions/0070-messages-that-kill-their-process.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from syncline.contracts.topics import DLQ
from syncline.contracts.wire import Delivery, Partition, UncleanEnd
from syncline.domain.errors import RetriableError
from syncline.runtime.ports import Custody

CUSTODY_WITHIN = 5.0
"""Seconds that the database may take for a partition's custody: its messages wait meanwhile."""
DEATHS = 2
"""Processes that died while they had a message alone in hand, after which it is set aside."""
PROVEN_AFTER = 10.0
"""Seconds after which a message that is still being handled counts as harmless."""
CLEAN = UncleanEnd(None, 0)
"""No process died with the partition."""
log = structlog.get_logger()


class CarefulStart:
    """Marks what a partition worker has in hand, until the messages at the start are proven.

    Args:
        messages: how many have to be proven where a process died: as many as it may have had in
            hand.

    Attributes:
        effect: is set when the message in hand has an effect; each message has its own.
    """

    def __init__(self, custody: Custody, partition: Partition, messages: int) -> None:
        self._custody = custody
        self._partition = partition
        self._messages = messages
        self.effect = asyncio.Event()
        self._left: int | None = None
        self._ended = CLEAN

    async def take(self) -> None:
        """Take the partition; without the database its messages are not watched."""
        if self._left is not None:
            return
        unclean: Mapping[Partition, UncleanEnd] = {}
        try:
            async with asyncio.timeout(CUSTODY_WITHIN):
                unclean = await self._custody.take([self._partition])
        except (RetriableError, TimeoutError) as error:
            log.warning("custody_not_taken", reason=str(error) or "it took too long")
        self._left = 0
        if (ended := unclean.get(self._partition)) is not None:
            self._left, self._ended = self._messages, ended
            at = {"partition": self._partition, "offset": ended.offset}
            log.warning("partition_begins_carefully", deaths=ended.deaths, **at)

    @property
    def was_needed(self) -> bool:
        """Whether a process died with the partition."""
        return self._ended is not CLEAN

    def is_over(self) -> bool:
        """Tell whether enough messages were proven."""
        return self._left == 0

    def deaths_of(self, delivery: Delivery) -> int:
        """Return how many processes died while they had this message alone in hand."""
        return self._ended.deaths if delivery.offset == self._ended.offset else 0

    def is_culprit(self, delivery: Delivery) -> bool:
        """Tell whether a message is to be set aside; what the DLQ holds never is."""
        return self.deaths_of(delivery) >= DEATHS and delivery.topic != DLQ

    async def mark(self, delivery: Delivery) -> None:
        """Mark a message before it is handled. Raises RetriableError."""
        self._left = max(0, (self._left or 0) - 1)
        await self._custody.mark(self._partition, delivery.offset, self.deaths_of(delivery) + 1)

    async def unmark(self) -> None:
        """Forget the mark: a death from here on is not the message's."""
        with suppress(RetriableError):  # a mark that stays is overwritten by the next one
            await self._custody.mark(self._partition, None, 0)
