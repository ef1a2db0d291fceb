"""The MySQL connector: what it can do; its driver is loaded when a call needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.drivers import Driver
from syncline.connectors.mysql.settings import MysqlSettings
from syncline.connectors.mysql.text import TOKENS, table_name
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.connectors.sql.connector import TableTarget
from syncline.connectors.sql.driver_connector import DriverConnector
from syncline.domain.mapping.extraction import CursorType, Extraction

if TYPE_CHECKING:
    from syncline.connectors.mysql.database import Database


class MysqlConnector(DriverConnector["Database"]):
    """One database of a MySQL or MariaDB server as its profile describes it."""

    title = "MySQL, MariaDB"
    about = "Tables, SQL and procedures of a MySQL or MariaDB database."
    driver = Driver("asyncmy", "MySQL", "syncline[mysql]")
    profile_settings = MysqlSettings
    tokens = TOKENS
    quoted = staticmethod(table_name)
    tables_sql = (
        "select table_name as name from information_schema.tables where table_schema = database()"
    )

    def _open(
        self, config: Mapping[str, object], password: str, allowed: AllowedAddresses
    ) -> Database:
        from syncline.connectors.mysql.database import Database  # noqa: PLC0415 - an extra

        return Database(read_profile(MysqlSettings, config), password, allowed)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the server, the database, and the table in it."""
        own = read_profile(MysqlSettings, config)
        table = "" if target is None else read(TableTarget, target, TARGET).table
        database = own.database
        if "." in table:
            database, _, table = table.partition(".")
        return "/".join(filter(None, (f"{own.host.lower()}:{own.port}", database, table)))

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say why rows that are committed late could be passed over, and the remedy."""
        if extraction.cursor_type is CursorType.ID and extraction.cursor_column is not None:
            return (
                "a number may be drawn early and committed late, behind greater ones that were "
                "read, and MySQL does not tell its open writers: such a row is passed over. Use a "
                "column of times as the cursor, with a `lookback`"
            )
        return await super().late_commits(extraction)
