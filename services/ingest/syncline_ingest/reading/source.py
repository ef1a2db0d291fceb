"""Opening a run's source: its connector, its limits, and what the early skip compares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from syncline.bootstrap.connections import Connections, MappingCache
from syncline.contracts.messages import Waiting
from syncline.contracts.outbound import report_message
from syncline.contracts.run_ref import ref_of
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError
from syncline.domain.mapping.hashes import row_hashes
from syncline.domain.mapping.source_paths import source_fields
from syncline.domain.run import Run
from syncline.postgres.limits.run_limiter import RunLimiter
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.security.secrets import SecretsError
from syncline_ingest.reading.chunk import Hasher
from syncline_ingest.reading.chunks import Source, SourceError, WaitListener


class OpenSource(msgspec.Struct, frozen=True):
    """A run's source, ready to be read.

    Attributes:
        smart_sync: its target allows it.
        may_move: it pages through a list that may move meanwhile.
        systems: names of the source and of the target, "" where one has none.
    """

    source: Source
    hasher: Hasher
    smart_sync: bool
    may_move: bool = False
    systems: tuple[str, str] = ("", "")


class Sources:
    """Opens sources by profile."""

    def __init__(
        self, connections: Connections, mappings: MappingCache, clock: Clock, producer: Producer
    ) -> None:
        self._connections = connections
        self._mappings = mappings
        self._clock = clock
        self._producer = producer

    async def open(self, run: Run) -> OpenSource:
        """Open the source of a run.

        Raises:
            RetriableError: the product's database is away.
            SourceError: a profile or the mapping is gone, or a connector is not installed.
        """
        try:
            connection = await self._connections.of(run.tenant, run.source, newest=True)
            target = await self._connections.of(run.tenant, run.target, newest=True)
            mapping = await self._mappings.document(run.tenant, run.mapping, run.mapping_version)
        except (NotFoundError, InvalidInputError, SecretsError) as error:
            failure = Failure(Category.PERMANENT, "configuration_unusable", str(error))
            raise SourceError(failure) from error
        options = mapping.transformation.target
        smart = (
            mapping.transformation.smart_sync
            and target.connector.capabilities_for(options).smart_sync
        )
        source = Source(
            connection.connector,
            mapping.extraction,
            connection.profile.retry,
            self._clock,
            RunLimiter(connection.limiter, run.id),
            self._telling(run),
        )
        source.expect(source_fields(mapping))
        may_move = connection.connector.capabilities.pages_may_move
        systems = (
            connection.connector.system_of(connection.profile.config),
            target.connector.system_of(target.profile.config, options),
        )
        return OpenSource(source, _hasher(run), smart, may_move, systems)

    def _telling(self, run: Run) -> WaitListener:
        """Return what tells that a run waits for its source, and has not stalled."""

        async def told(seconds: float, reason: str) -> None:
            due = self._clock.now() + timedelta(seconds=seconds)
            report = Waiting(ref_of(run), 0, int(due.timestamp() * 1000), reason)
            await self._producer.send([report_message(report)])

        return told


def _hasher(run: Run) -> Hasher:
    """Hash rows together with what else decides the payload: mapping version and target."""

    def hashes(rows: Sequence[bytes], layout: bytes = b"") -> list[str]:
        return row_hashes(rows, run.mapping, run.mapping_version, run.target, layout)

    return hashes
