"""Where a run's records go: the target's connector, with the limits and rules of its profile."""

from __future__ import annotations

from typing import Protocol

import msgspec

from syncline.bootstrap.connections import Connections, MappingCache
from syncline.connectors.port import Capabilities, Connector
from syncline.contracts.run_ref import RunRef
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.runtime.ports import CallLimiter


class Target(msgspec.Struct, frozen=True):
    """A target as one run uses it."""

    connector: Connector
    capabilities: Capabilities
    transformation: Transformation
    retry: RetryPolicy
    limiter: CallLimiter
    concurrent: int


class RunTargets(Protocol):
    """Gives the target of a run."""

    async def of(self, run: RunRef) -> Target:
        """May raise RetriableError, NotFoundError, InvalidInputError, SecretsError."""


class Targets:
    """Gives the target of a run; from memory after the first time."""

    def __init__(self, connections: Connections, mappings: MappingCache) -> None:
        self._connections = connections
        self._mappings = mappings

    async def of(self, run: RunRef) -> Target:
        """Return the run's target. May raise RetriableError."""
        connection = await self._connections.of(run.tenant, run.target)
        mapping = await self._mappings.document(run.tenant, run.mapping, run.mapping_version)
        transformation = mapping.transformation
        return Target(
            connection.connector,
            connection.connector.capabilities_for(transformation.target),
            transformation,
            connection.profile.retry,
            connection.limiter,
            connection.profile.max_concurrent,
        )
