"""Opening connections: to addresses that were checked, and with nothing of this process's own.

asyncpg fills what it is not given from the environment and the home folder: PGPASSWORD, .pgpass, a
service file, client certificates. A profile names the server, so each of them would be given away.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import asyncpg

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.postgresql.settings import PostgresqlSettings
from syncline.connectors.sql.server import CONNECT_LIMIT, SslMode, addresses_of, tls_of
from syncline.connectors.sql.text import table_name

_NOTHING_OF_OURS = {
    "passfile": "/dev/null",
    "direct_tls": False,
    "target_session_attrs": "any",
    "krbsrvname": "postgres",
    "gsslib": "gssapi",
}
"""Given so that no variable of this process is read in their place."""


class Opener:
    """Opens connections to a profile's database."""

    def __init__(
        self, settings: PostgresqlSettings, password: str | None, allowed: AllowedAddresses
    ) -> None:
        self._settings = settings
        self._password = password or ""
        self._allowed = allowed

    async def open_in_pool(self, dsn: str | None = None, **of_pool: object) -> asyncpg.Connection:
        """Connect as a pool asks for it, which has no DSN. Raises what `open` does."""
        assert dsn is None
        return await self.open(of_pool=of_pool)

    async def open(
        self, name: str = "syncline", of_pool: Mapping[str, object] = MappingProxyType({})
    ) -> asyncpg.Connection:
        """Connect and log in; `name` is what the server shows of the connection.

        Raises:
            ConnectorError: the address is not allowed, or the root certificate cannot be read.
            OSError, TimeoutError, asyncpg.PostgresError: as asyncpg does.
        """
        arguments = {**self._arguments(name), **of_pool}
        failed: Exception = OSError(f"the name {self._settings.host} has no address")
        async with asyncio.timeout(CONNECT_LIMIT):
            for address in await addresses_of(self._settings, self._allowed):
                try:
                    return await self._at(address, arguments)
                except (OSError, asyncpg.CannotConnectNowError) as error:
                    failed = error
        raise failed

    async def _at(self, address: str, arguments: dict[str, Any]) -> asyncpg.Connection:
        """Connect to an address; without TLS where the mode leaves that to the server."""
        tls = tls_of(self._settings)
        try:
            return await asyncpg.connect(host=address, ssl=tls, **arguments)
        except (ssl.SSLError, ConnectionError, asyncpg.InvalidAuthorizationSpecificationError) as e:
            elsewhere = isinstance(e, (ConnectionRefusedError, asyncpg.InvalidPasswordError))
            if self._settings.sslmode is not SslMode.PREFER or elsewhere:
                raise
        return await asyncpg.connect(host=address, ssl=False, **arguments)

    def _arguments(self, name: str) -> dict[str, Any]:
        settings = self._settings
        server = {
            "application_name": name,
            "timezone": "UTC",
            "statement_timeout": str(settings.statement_timeout * 1000),
        }
        if settings.search_schema:
            server["search_path"] = table_name(settings.search_schema)
        return _NOTHING_OF_OURS | {
            "port": settings.port,
            "database": settings.database,
            "user": settings.user,
            "password": self._password,
            "server_settings": server,
            "timeout": CONNECT_LIMIT,
            "command_timeout": settings.statement_timeout + 10,
        }
