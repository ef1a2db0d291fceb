"""Connectors to database servers whose driver comes with an extra, loaded when a call needs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Generic, Protocol, TypeVar

import msgspec

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses, Resolve
from syncline.connectors.drivers import Driver
from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.settings import read_profile
from syncline.connectors.sql.connector import SqlConnector
from syncline.connectors.sql.server import ServerSecrets
from syncline.domain.mapping.extraction import Extraction, ExtractionMode


class SourceDatabase(Protocol):
    """The database of a profile; its module imports the driver."""

    def close(self) -> None: ...
    async def test(self) -> list[port.Check]: ...
    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]: ...
    def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]: ...
    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page: ...


class Database(SourceDatabase, Protocol):
    """One that is a target, too."""

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult: ...
    async def write(self, batch: port.WriteBatch, pace: port.Pace) -> port.WriteResult: ...
    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult: ...


S = TypeVar("S", bound=SourceDatabase)
D = TypeVar("D", bound=Database)


class DriverSource(SqlConnector, ABC, Generic[S]):
    """One database as its profile describes it; all calls are its `SourceDatabase`'s."""

    driver: ClassVar[Driver]
    profile_secrets = ServerSecrets
    capabilities = port.Capabilities(source=True)
    modes: ClassVar[tuple[ExtractionMode, ...]] = (ExtractionMode.CONFIG, ExtractionMode.SQL)

    def __init__(
        self,
        config: Mapping[str, object],
        secrets: Mapping[str, str],
        surroundings: port.Surroundings,
        resolver: Resolve | None = None,
    ) -> None:
        read_profile(self.profile_settings, config)  # a mistake is said now, not at the first call
        self._config = config
        self._password = secrets.get("password") or ""
        self._allowed = AllowedAddresses.of(surroundings, resolver)

    @abstractmethod
    def _open(self, config: Mapping[str, object], password: str, allowed: AllowedAddresses) -> S:
        """Import the module of the database, and return it; nothing is connected yet."""

    @cached_property
    def _database(self) -> S:
        """The profile's database. Raises ConnectorError where the driver is not installed."""
        self.driver.require()
        return self._open(self._config, self._password, self._allowed)

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by (cursor, ID): a procedure has an order of its own."""
        return extraction.mode is not ExtractionMode.PROCEDURE

    async def close(self) -> None:
        """Let go of all connections."""
        if "_database" in self.__dict__:
            self._database.close()

    async def test(self) -> list[port.Check]:
        """Connect, log in, and look at the database and the user's rights."""
        return await self._database.test()

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table or query, with their types; a procedure is called."""
        return await self._database.describe(extraction)

    def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages, ordered by (cursor, ID)."""
        return self._database.extract(request)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, and say which were asked for in another spelling."""
        return await self._database.fetch(extraction, ids)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Refuse: it is a source alone."""
        raise self._no_target()

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Refuse: it is a source alone."""
        raise self._no_target()

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Refuse: it is a source alone."""
        raise self._no_target()

    def _no_target(self) -> ConnectorError:
        return refusal("no_target", f"{self.title} is read alone: nothing is written to it")


class DriverConnector(DriverSource[D]):
    """One database, which is a target, too; all calls are its `Database`'s."""

    capabilities = msgspec.structs.replace(SqlConnector.capabilities, on_create=True)
    modes = (ExtractionMode.CONFIG, ExtractionMode.SQL, ExtractionMode.PROCEDURE)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Return the keys that the target table has."""
        return await self._database.lookup(batch)

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Upsert a bulk on the match key."""
        return await self._database.write(batch, self.pace)

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete rows by key; one that is not there counts as deleted."""
        return await self._database.delete(target_ids, options)
