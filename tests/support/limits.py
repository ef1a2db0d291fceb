"""A profile without limits: every call may begin at once, and what holds calls off is noted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from syncline.domain.errors import Failure, FailureError


class ClosedBreaker:
    """A circuit breaker that never opens; fits runtime.ports.CallBreaker."""

    def check(self) -> None:
        """Let every call begin."""

    def answered(self) -> None:
        """Note nothing."""

    async def failed(self, failure: Failure) -> FailureError | None:
        """Stay closed."""
        return None


class NoLimits:
    """Fits runtime.ports.CallLimiter, and its pause."""

    def __init__(self) -> None:
        self.held_off: list[float] = []
        self.failed: list[str] = []
        self.waits = 0.0, ""
        self.breaker = ClosedBreaker()

    @property
    def pause(self) -> NoLimits:
        return self

    @asynccontextmanager
    async def call(self, check: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        check()
        yield

    def count_failed(self, failure: Failure) -> None:
        self.failed.append(failure.code)

    async def hold_off(self, seconds: float, reason: str) -> None:
        self.held_off.append(seconds)

    async def wait(self) -> None: ...

    def left(self) -> tuple[float, str]:
        return self.waits
