"""Where a run's records go: the target's connector, with the limits and rules of its profile."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from syncline.connectors.port import Capabilities, Connector
from syncline.contracts.messages import RunRef
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy


class Limiter(Protocol):
    """Max Concurrent and rate of one profile, held over all processes."""

    def call(self) -> AbstractAsyncContextManager[None]:
        """Hold one of the profile's call slots. May raise RetriableError."""


class Target(msgspec.Struct, frozen=True):
    """A target as one run uses it."""

    connector: Connector
    capabilities: Capabilities
    transformation: Transformation
    retry: RetryPolicy
    limiter: Limiter


class Targets(Protocol):
    """Gives the target of a run; from memory after the first time."""

    async def of(self, run: RunRef) -> Target:
        """May raise RetriableError."""
