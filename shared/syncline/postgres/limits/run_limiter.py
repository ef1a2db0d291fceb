"""The limits of a profile as one run meets them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from syncline.domain.errors import Failure
from syncline.postgres.limits.leases import ProfileLimiter


class RunLimiter:
    """A profile's limits for the calls of one run; fits runtime.ports.CallLimiter.

    The run is shown to people as who uses the profile's calls.
    """

    def __init__(self, limiter: ProfileLimiter, run_id: str) -> None:
        self._limiter = limiter
        self._run_id = run_id
        self.breaker = limiter.breaker
        self.pause = limiter.pause

    def call(self, check: Callable[[], None] = lambda: None) -> AbstractAsyncContextManager[None]:
        """Hold one call slot; raises as `ProfileLimiter.call`."""
        return self._limiter.call(self._run_id, check)

    def count_failed(self, failure: Failure) -> None:
        """Count a call that failed as a whole."""
        self._limiter.metrics.failed(failure.code)
