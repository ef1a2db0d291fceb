"""Keeps a stage from beginning while something is not as it must be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from syncline.domain.errors import RetriableError
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock

log = structlog.get_logger()


class StartCheck:
    """One look at the start of a process, again and again while it fails.

    Args:
        look: returns why the stage may not begin, None if it may. May raise RetriableError.

    Attributes:
        problem: why the stage does not begin, in words.
    """

    def __init__(self, look: Callable[[], Awaitable[str | None]], clock: Clock) -> None:
        self._look = look
        self._clock = clock
        self.problem: str | None = None

    async def passed(self) -> None:
        """Wait until the stage may begin."""
        backoff = Backoff()
        while (problem := await self._found()) is not None:
            if problem != self.problem:
                log.error("stage_does_not_begin", reason=problem)
            self.problem = problem
            await self._clock.sleep(backoff.next())
        self.problem = None

    async def _found(self) -> str | None:
        try:
            return await self._look()
        except RetriableError as error:
            return str(error)
