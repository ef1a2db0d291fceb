"""Where a run's records go: the target's connector, with the limits and rules of its profile."""

from __future__ import annotations

from typing import Protocol

import msgspec

from syncline.bootstrap.connections import Connection, Connections, MappingCache
from syncline.connectors.port import Capabilities, Connector
from syncline.contracts.run_ref import RunRef
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.postgres.ledger.systems import require_same_system
from syncline.postgres.limits.run_limiter import RunLimiter
from syncline.runtime.ports import CallLimiter

NO_READ_BACK = "the target cannot be looked up, so nothing can be verified: leave it out"


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
        """May raise RetriableError, NotFoundError, InvalidInputError, SecretsError.

        Raises ConflictError where the profile leads to another system than at the run's start.
        """


class Targets:
    """Gives the target of a run; from memory after the first time."""

    def __init__(self, connections: Connections, mappings: MappingCache) -> None:
        self._connections = connections
        self._mappings = mappings

    async def of(self, run: RunRef) -> Target:
        """Return the run's target; raises as RunTargets says."""
        mapping = await self._mappings.document(run.tenant, run.mapping, run.mapping_version)
        transformation = mapping.transformation
        connection = await self._connections.of(run.tenant, run.target)
        if _system(connection, transformation) != run.target_system:
            connection = await self._connections.of(run.tenant, run.target, newest=True)
            require_same_system("target", run.target_system, _system(connection, transformation))
        capabilities = connection.connector.capabilities_for(transformation.target)
        if transformation.verify and not capabilities.read_back:
            raise InvalidInputError([Problem("$.transformation.verify", NO_READ_BACK)])
        return Target(
            connection.connector,
            capabilities,
            transformation,
            connection.profile.retry,
            RunLimiter(connection.limiter, run.id),
            connection.profile.max_concurrent,
        )


def _system(connection: Connection, transformation: Transformation) -> str:
    return connection.connector.system_of(connection.profile.config, transformation.target)
