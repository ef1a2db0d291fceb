"""Asking the ledger again, last before a call, whether its records are still to be written by it.

A process that was stopped for a while goes on in the middle of a call. Meanwhile others may have
taken over its partitions, and written the same records or newer versions of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from contextlib import asynccontextmanager, suppress

from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.ledger import LedgerEntry
from syncline.runtime.clock import Clock
from syncline_execute.ports import WriteLedger
from syncline_execute.rules import Item, under_way

TRUSTED = 4.0
"""Seconds for which an answer of the ledger is believed. Others take over a process's partitions at
the earliest when that many have passed: the shortest session time-out that the settings allow, less
the two seconds between its heartbeats."""


class Fence:
    """Stands before the calls of one write, which may be under way side by side.

    Args:
        asked_at: when the ledger was asked, by the monotonic clock, before it answered.
        source_ids: the records of all these calls.
        confirm: asks the ledger again about some of them, and returns those that have not changed
            hands, and of which no newer version is written. May raise RetriableError.
    """

    def __init__(
        self,
        clock: Clock,
        asked_at: float,
        source_ids: Sequence[str],
        confirm: Callable[[Sequence[str]], Awaitable[Set[str]]],
    ) -> None:
        self._clock = clock
        self._asked_at = asked_at
        self._confirm = confirm
        self._open = set(source_ids)
        self._lost: set[str] = set()
        self._asking = asyncio.Lock()

    async def check(self, source_ids: Sequence[str]) -> None:
        """Return when a call with these records may begin.

        It is asked until an answer is young enough: the process may be stopped while it waits. One
        question is about the records of all calls that have not ended: one for each call would cost
        as much as the call.

        Raises FailureError: all records of the call are to be decided anew.
        """
        while self._is_old:
            async with self._asking:
                if self._is_old:  # else another call has asked
                    await self._ask()
        if not self._lost.isdisjoint(source_ids):
            raise FailureError(under_way(0.0))

    def end(self, source_ids: Sequence[str]) -> None:
        """Ask no more about records whose call has ended."""
        self._open.difference_update(source_ids)

    @property
    def _is_old(self) -> bool:
        return self._clock.monotonic() - self._asked_at > TRUSTED

    async def _ask(self) -> None:
        asked_at, asked = self._clock.monotonic(), list(self._open)
        try:
            confirmed = await self._confirm(asked)
        except RetriableError as error:  # the target is not to blame for the database
            raise FailureError(under_way(0.0)) from error
        self._lost.update(set(asked) - confirmed)
        self._open -= self._lost
        self._asked_at = asked_at


def before_upserts(
    clock: Clock, ledger: WriteLedger, stream: int, items: Sequence[Item], asked_at: float
) -> Fence:
    """Return a fence for writes without intents, which the ledger was asked about at that time.

    It lets a record through for as long as nothing was written of it since.
    """
    decided = {item.source_id: _version(item.entry) for item in items}

    async def unwritten(source_ids: Sequence[str]) -> set[str]:
        entries = await ledger.entries(stream, source_ids)
        return {each for each in source_ids if _version(entries.get(each)) == decided[each]}

    return Fence(clock, asked_at, list(decided), unwritten)


@asynccontextmanager
async def renewed_every(
    renew: Callable[[], Awaitable[object]], seconds: float
) -> AsyncIterator[None]:
    """Renew the intents of a call every so many seconds, for as long as it takes."""

    async def repeat() -> None:
        while True:
            await asyncio.sleep(seconds)
            with suppress(RetriableError):  # the database is away: they are looked into earlier
                await renew()

    renewing = asyncio.create_task(repeat())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait([renewing])


def _version(entry: LedgerEntry | None) -> int:
    return entry.version if entry is not None else 0
