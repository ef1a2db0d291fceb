"""Connectors and compiled mappings of a process, kept while they are current."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec

from syncline.connectors.port import Connector, Surroundings
from syncline.connectors.registry import connector_class
from syncline.contracts.run_ref import RunRef
from syncline.domain.configuration.documents import Profile
from syncline.domain.errors import InvalidInputError, NotFoundError, RetriableError
from syncline.domain.mapping.document import Mapping
from syncline.domain.mapping.engine.compiler import CompiledMapping, compile_mapping
from syncline.domain.mapping.validation import parse
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.limits.leases import Limits, ProfileLimiter
from syncline.runtime.clock import Clock
from syncline.security.secrets import SecretsError
from syncline.telemetry.call_metrics import CallMetrics
from syncline.telemetry.masking import SECRETS

FRESH = 5.0
"""Seconds a profile is used without looking whether it changed."""
RETIRED_FOR = 600.0
"""Seconds that the connector of a changed profile lives on; no call takes longer."""
PROBE_EVERY = 0.5
"""Seconds between two looks for profiles to be tested."""
KEPT = 256
"""Mapping versions kept compiled."""


class Connection(msgspec.Struct, frozen=True):
    """A profile with the connector made for it and the limits on its calls."""

    profile: Profile
    connector: Connector
    limiter: ProfileLimiter


class Connections:
    """Opens each profile once; a changed one is opened anew and the old one closed later."""

    def __init__(
        self,
        configuration: Configuration,
        limits: Limits,
        surroundings: Callable[[str], Surroundings],
        clock: Clock,
    ) -> None:
        self._configuration = configuration
        self._surroundings = surroundings
        self._limits = limits
        self._clock = clock
        self._open: dict[str, tuple[float, Connection]] = {}
        self._retired: deque[tuple[float, Connector]] = deque()

    async def of(self, tenant: str, profile_id: str, *, newest: bool = False) -> Connection:
        """Return the connection of a tenant's profile; `newest` looks whether it changed just now.

        Raises:
            RetriableError: the database is away.
            InvalidInputError: its connector is not installed.
            NotFoundError: the profile is gone, or another tenant's.
        """
        now = self._clock.monotonic()
        looked, connection = self._open.get(profile_id, (0.0, None))
        is_theirs = connection is not None and connection.profile.tenant == tenant
        if connection is not None and is_theirs and now - looked < FRESH and not newest:
            return connection
        profile = await self._configuration.profile(tenant, profile_id)
        connection = self._open.get(profile_id, (0.0, None))[1]  # others may have opened it
        if connection is None or connection.profile.changed_at != profile.changed_at:
            if connection is not None:
                self._retired.append((now, connection.connector))
            connection = self._connect(profile)
        self._open[profile_id] = (now, connection)
        await self._close_retired(now)
        return connection

    async def _close_retired(self, now: float) -> None:
        """Close connectors of changed profiles, but not while a call of theirs may be under way."""
        while self._retired and now - self._retired[0][0] > RETIRED_FOR:
            await self._retired.popleft()[1].close()

    def _connect(self, profile: Profile) -> Connection:
        SECRETS.know(profile.secrets.values())
        kind = connector_class(profile.connector)
        connector = kind(profile.config, profile.secrets, self._surroundings(profile.tenant))
        limiter = self._limits.of(
            profile.id,
            profile.tenant,
            profile.max_concurrent,
            profile.rate,
            connector.capabilities.longest_call,
        )
        limiter.metrics = CallMetrics(profile.tenant, profile.name)
        connector.pace = limiter.pace
        connector.count_answer = limiter.metrics.answered
        return Connection(profile, connector, limiter)

    async def close(self) -> None:
        """Close all connectors."""
        connectors = [connection.connector for _, connection in self._open.values()]
        for connector in connectors + [retired for _, retired in self._retired]:
            with suppress(Exception):  # the process ends; nobody needs this connection any more
                await connector.close()
        self._retired.clear()
        self._open.clear()

    async def probe(self, *, of_parked: bool = False) -> None:
        """Side task: test the profiles in use here whose breaker is open, when that is due.

        Args:
            of_parked: also the targets of parked bundles, which come here when the breaker closes.
        """
        while True:
            await self._clock.sleep(PROBE_EVERY)
            if of_parked:
                await self._open_targets_of_parked()
            for profile_id, (_, connection) in list(self._open.items()):
                with suppress(RetriableError):  # the database is away: so is the breaker
                    if await self._limits.breakers.claim(profile_id):
                        await self._probe(connection.profile.tenant, profile_id)

    async def _open_targets_of_parked(self) -> None:
        for breaker in self._limits.breakers.with_parked():
            if breaker.profile_id not in self._open:
                # Its bundles stay parked, and the next look tries it again.
                with suppress(NotFoundError, InvalidInputError, SecretsError, RetriableError):
                    await self.of(breaker.tenant, breaker.profile_id)

    async def _probe(self, tenant: str, profile_id: str) -> None:
        try:
            connection = await self.of(tenant, profile_id)  # a person may have mended it meanwhile
            checks = await connection.connector.test()
        except (NotFoundError, InvalidInputError, SecretsError) as error:
            await self._limits.breakers.test_failed(profile_id, str(error))
            return
        failed = next((check for check in checks if not check.ok), None)
        if failed is None:
            await self._limits.breakers.close(profile_id)
        else:
            await self._limits.breakers.test_failed(profile_id, SECRETS.mask(failed.message))


class MappingCache:
    """Mapping versions, parsed and compiled once; versions never change."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._parsed: dict[tuple[str, str, int], Mapping] = {}
        self._compiled: dict[tuple[str, str, int], CompiledMapping] = {}

    async def of(self, run: RunRef) -> CompiledMapping:
        """Return the compiled mapping that a run pinned. May raise RetriableError."""
        key = (run.tenant, run.mapping, run.mapping_version)
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = compile_mapping(await self.document(*key))
            if len(self._compiled) >= KEPT:
                self._compiled.clear()
            self._compiled[key] = compiled
        return compiled

    async def document(self, tenant: str, mapping: str, version: int) -> Mapping:
        """Return a version of a tenant's mapping as typed values. May raise RetriableError."""
        key = (tenant, mapping, version)
        if key not in self._parsed:
            if len(self._parsed) >= KEPT:
                self._parsed.clear()
            document = await self._configuration.mapping_document(*key)
            self._parsed[key] = parse(document, stored=True)
        return self._parsed[key]
