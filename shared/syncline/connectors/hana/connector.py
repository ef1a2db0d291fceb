"""The HANA connector: what it can do; its driver is loaded when a call needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.dbapi.names import table_name
from syncline.connectors.drivers import Driver
from syncline.connectors.hana.kinds import TOKENS
from syncline.connectors.hana.settings import HanaSettings
from syncline.connectors.settings import read_profile
from syncline.connectors.sql.driver_connector import DriverSource

if TYPE_CHECKING:
    from syncline.connectors.hana.database import Database


class HanaConnector(DriverSource["Database"]):
    """One database of a HANA server as its profile describes it."""

    title = "SAP HANA"
    about = "Reads tables and SQL of SAP HANA, as of Business One; not run against a server yet."
    driver = Driver("hdbcli", "SAP HANA", "syncline[hana]")
    profile_settings = HanaSettings
    tokens = TOKENS
    quoted = staticmethod(table_name)
    tables_sql = (
        "select schema_name || '.' || table_name as \"name\" from tables "
        "where schema_name <> 'SYS' and substr(schema_name, 1, 4) <> '_SYS' "
        "union all select schema_name || '.' || view_name from views "
        "where schema_name <> 'SYS' and substr(schema_name, 1, 4) <> '_SYS'"
    )

    def _open(
        self, config: Mapping[str, object], password: str, allowed: AllowedAddresses
    ) -> Database:
        from syncline.connectors.hana.database import Database  # noqa: PLC0415 - an extra

        return Database(read_profile(HanaSettings, config), password, allowed)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the server, the database, and the schema in it."""
        own = read_profile(HanaSettings, config)
        at = f"{own.host.lower()}:{own.port}"
        return "/".join(filter(None, (at, own.database, own.search_schema)))
