"""The SQL Server connector: what it can do; its driver is loaded when a call needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses, Resolve
from syncline.connectors.drivers import Driver
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.mssql.text import TOKENS
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.connectors.sql.connector import SqlConnector, TableTarget
from syncline.connectors.sql.server import ServerSecrets
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

if TYPE_CHECKING:
    from syncline.connectors.mssql.database import Database

_DRIVER = Driver("mssql_python", "SQL Server", "syncline[mssql]")
_NUMBERS = (
    "a number may be drawn early and committed late, behind greater ones that were read: such a "
    "row is passed over. Use a `rowversion` column as the cursor, or one of times with a `lookback`"
)


class MssqlConnector(SqlConnector):
    """One database of a SQL Server as its profile describes it."""

    title = "SQL Server"
    about = "Tables, SQL and procedures of Microsoft SQL Server; tested on a stand-in for it."
    driver = _DRIVER
    profile_settings = MssqlSettings
    profile_secrets = ServerSecrets
    capabilities = msgspec.structs.replace(SqlConnector.capabilities, on_create=True)
    modes = (ExtractionMode.CONFIG, ExtractionMode.SQL, ExtractionMode.PROCEDURE)
    tokens = TOKENS

    def __init__(
        self,
        config: Mapping[str, object],
        secrets: Mapping[str, str],
        surroundings: port.Surroundings,
        resolver: Resolve | None = None,
    ) -> None:
        self._settings = read_profile(MssqlSettings, config)
        self._password = secrets.get("password") or ""
        self._allowed = AllowedAddresses.of(surroundings, resolver)

    @cached_property
    def _database(self) -> Database:
        """The profile's database. Raises ConnectorError where the driver is not installed."""
        _DRIVER.require()
        from syncline.connectors.mssql.database import Database  # noqa: PLC0415 - an extra

        return Database(self._settings, self._password, self._allowed)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the server, the database, and the table in it."""
        own = read_profile(MssqlSettings, config)
        table = "" if target is None else read(TableTarget, target, TARGET).table
        return "/".join(filter(None, (f"{own.host.lower()}:{own.port}", own.database, table)))

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by (cursor, ID): a procedure has an order of its own."""
        return extraction.mode is not ExtractionMode.PROCEDURE

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say why rows that are committed late could be passed over, and the remedy.

        Of SQL Server's own numbers of changes (`rowversion`) none is passed over.
        """
        said = await super().late_commits(extraction)
        if said is None or await self._database.has_row_versions(extraction):
            return None
        return _NUMBERS if extraction.cursor_type == "id" else said

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
