"""Connections to a profile's server: opened at addresses that were checked, and kept for a while.

A connection that met anything but an answer of the server is closed.
"""

from __future__ import annotations

import asyncio

import mssql_python

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.mssql.errors import ServerError, is_of_the_line
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.sql import sessions
from syncline.connectors.sql.server import CONNECT_LIMIT, SslMode, addresses_of
from syncline.domain.errors import FailureError, RetriableError

MOST_OPEN = 24
"""Connections of a profile in a process, also those that were given up and have not ended yet."""


class Sessions(sessions.Sessions[Session]):
    """A profile's connections for reading, or those for writing."""

    def __init__(
        self, settings: MssqlSettings, password: str, allowed: AllowedAddresses, *, writes: bool
    ) -> None:
        super().__init__()
        self._settings = settings
        self._password = password
        self._allowed = allowed
        self._writes = writes
        self._open: list[Session] = []

    def is_ended_by(self, error: BaseException) -> bool:
        """Tell whether a connection is of no more use: not where SQL Server refused a statement."""
        return is_of_the_line(error)

    async def open(self) -> Session:
        """Connect and log in.

        Raises:
            ConnectorError: the address is not allowed.
            RetriableError: too many connections of this profile have not ended.
            OSError, TimeoutError, mssql_python.Error: as the driver does.
        """
        self._open = [session for session in self._open if session.is_open]
        if len(self._open) >= MOST_OPEN:
            message = (
                f"SQL Server: all {MOST_OPEN} connections of this profile are open; some belong to "
                "calls that were given up and have not ended yet"
            )
            raise RetriableError(message, code="source_unavailable")
        failed: Exception = OSError(f"the name {self._settings.host} has no address")
        async with asyncio.timeout(CONNECT_LIMIT):
            for address in await addresses_of(self._settings, self._allowed):
                try:
                    await _reach(address, self._settings.port)
                except OSError as error:
                    failed = error
                    continue
                return await self._at(address)
        raise failed

    async def is_login_good(self) -> bool:
        """Tell whether the user may log in to the server, if not to the database.

        The driver tells of both with the same words.
        """
        other = Sessions(
            self._settings.model_copy(update={"database": "master"}),
            self._password,
            self._allowed,
            writes=self._writes,
        )
        try:
            (await other.open()).close()
        except (FailureError, OSError, ServerError, mssql_python.Error):  # the answer is No
            return False
        return True

    async def _at(self, address: str) -> Session:
        session = Session(self._settings)
        self._open.append(session)
        try:
            await session.connect(
                connection_string(self._settings, self._password, address), writes=self._writes
            )
        except BaseException:
            session.close()
            raise
        return session


async def _reach(address: str, port: int) -> None:
    """Raise OSError where nothing listens: the driver would try again for long."""
    _, writer = await asyncio.open_connection(address, port)
    writer.close()


def connection_string(settings: MssqlSettings, password: str, address: str) -> str:
    """Return what the driver connects by: an address that was checked, and the name it is of."""
    verifies = settings.sslmode is SslMode.VERIFY_FULL
    said = {
        "Server": f"tcp:{address},{settings.port}",
        "Database": settings.database,
        "UID": settings.user,
        "PWD": password,
        "Encrypt": "yes",
        "TrustServerCertificate": "no" if verifies else "yes",
        "HostnameInCertificate": settings.host,
        "ConnectRetryCount": "0",
    }
    return ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in said.items())
