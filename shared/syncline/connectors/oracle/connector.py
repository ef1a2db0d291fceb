"""The Oracle connector: what it can do; its driver is loaded when a call needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.dbapi.names import names_of, table_name
from syncline.connectors.drivers import Driver
from syncline.connectors.oracle.settings import OracleSettings
from syncline.connectors.oracle.text import TOKENS
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.connectors.sql.connector import TableTarget
from syncline.connectors.sql.driver_connector import DriverConnector

if TYPE_CHECKING:
    from syncline.connectors.oracle.database import Database


class OracleConnector(DriverConnector["Database"]):
    """One database of an Oracle server as its profile describes it."""

    title = "Oracle"
    about = "Tables, SQL and procedures of Oracle Database; not run against a server yet."
    driver = Driver("oracledb", "Oracle", "syncline[oracle]")
    profile_settings = OracleSettings
    tokens = TOKENS
    quoted = staticmethod(table_name)
    tables_sql = (
        "select distinct owner || '.' || table_name as \"name\" from all_tab_cols "
        "where owner not in (select username from all_users where oracle_maintained = 'Y')"
    )

    def _open(
        self, config: Mapping[str, object], password: str, allowed: AllowedAddresses
    ) -> Database:
        from syncline.connectors.oracle.database import Database  # noqa: PLC0415 - an extra

        return Database(read_profile(OracleSettings, config), password, allowed)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the server, the service, and the table in it."""
        own = read_profile(OracleSettings, config)
        table = "" if target is None else read(TableTarget, target, TARGET).table
        named = ".".join(names_of(table))
        return "/".join(filter(None, (f"{own.host.lower()}:{own.port}", own.database, named)))
