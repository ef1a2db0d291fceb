"""Brings back what dies, with growing pauses, and tells it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from syncline.domain.errors import SynclineError

LONGEST_PAUSE = 30.0
LONG_AGO = 60.0
"""Seconds it has to run for the next pause to be a short one again."""
_LOOK_EVERY = 0.2


class Running(Protocol):
    """A process that may end."""

    @property
    def pid(self) -> int | None: ...


async def keep_running(
    name: str,
    process: Running,
    revive: Callable[[], Awaitable[None]],
    tell: Callable[[str], None],
) -> None:
    """Watch a process forever and revive it each time it ends.

    Args:
        revive: starts it and returns when it works; raises SynclineError.
        tell: is told of each end and each return.
    """
    pause = 1.0
    while True:
        began = time.monotonic()
        while process.pid is not None:  # noqa: ASYNC110 - the end of a process tells nobody
            await asyncio.sleep(_LOOK_EVERY)
        pause = 1.0 if time.monotonic() - began > LONG_AGO else pause
        tell(f"{name} ended; it is started again in {pause:.0f} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
        try:
            await revive()
        except SynclineError as error:
            tell(str(error))
        else:
            tell(f"{name} is back")
