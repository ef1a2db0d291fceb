"""The SQL Server connector: what it can do; its driver is loaded when a call needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.drivers import Driver
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.mssql.text import TOKENS
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.connectors.sql.connector import TableTarget
from syncline.connectors.sql.driver_connector import DriverConnector
from syncline.domain.mapping.extraction import Extraction

if TYPE_CHECKING:
    from syncline.connectors.mssql.database import Database

_NUMBERS = (
    "a number may be drawn early and committed late, behind greater ones that were read: such a "
    "row is passed over. Use a `rowversion` column as the cursor, or one of times with a `lookback`"
)


class MssqlConnector(DriverConnector["Database"]):
    """One database of a SQL Server as its profile describes it."""

    title = "SQL Server"
    about = "Tables, SQL and procedures of Microsoft SQL Server; tested on a stand-in for it."
    driver = Driver("mssql_python", "SQL Server", "syncline[mssql]")
    profile_settings = MssqlSettings
    tokens = TOKENS

    def _open(
        self, config: Mapping[str, object], password: str, allowed: AllowedAddresses
    ) -> Database:
        from syncline.connectors.mssql.database import Database  # noqa: PLC0415 - an extra

        return Database(read_profile(MssqlSettings, config), password, allowed)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the server, the database, and the table in it."""
        own = read_profile(MssqlSettings, config)
        table = "" if target is None else read(TableTarget, target, TARGET).table
        return "/".join(filter(None, (f"{own.host.lower()}:{own.port}", own.database, table)))

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say why rows that are committed late could be passed over, and the remedy.

        Of SQL Server's own numbers of changes (`rowversion`) none is passed over.
        """
        said = await super().late_commits(extraction)
        if said is None or await self._database.has_row_versions(extraction):
            return None
        return _NUMBERS if extraction.cursor_type == "id" else said
