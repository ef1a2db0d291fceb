"""Asking the ledger again, last before a call, whether its records are still to be written by it.

A process that was stopped for a while goes on in the middle of a call. Meanwhile others may have
taken over its partitions, and written the same records or newer versions of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from syncline.domain.errors import FailureError, RetriableError
from syncline.runtime.clock import Clock
from syncline_execute.rules import under_way

TRUSTED = 4.0
"""Seconds for which an answer of the ledger is believed. Others take over a process's partitions at
the earliest when that many have passed: the shortest session time-out that the settings allow, less
the two seconds between its heartbeats."""


class Fence:
    """Stands before the calls of one write.

    Args:
        asked_at: when the ledger was asked, by the monotonic clock, before it answered.
        confirm: asks the ledger again; false where any of the records has changed hands, or a newer
            version of it is written. May raise RetriableError.
    """

    def __init__(
        self, clock: Clock, asked_at: float, confirm: Callable[[], Awaitable[bool]]
    ) -> None:
        self._clock = clock
        self._asked_at = asked_at
        self._confirm = confirm

    async def check(self) -> None:
        """Return when a call may begin. Raises FailureError: all records are to be decided anew.

        It is asked until an answer is young enough: the process may be stopped while it waits.
        """
        while (now := self._clock.monotonic()) - self._asked_at > TRUSTED:
            try:
                confirmed = await self._confirm()
            except RetriableError as error:  # the target is not to blame for the database
                raise FailureError(under_way(0.0)) from error
            if not confirmed:
                raise FailureError(under_way(0.0))
            self._asked_at = now


@asynccontextmanager
async def renewed_every(
    renew: Callable[[], Awaitable[bool]], seconds: float
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
