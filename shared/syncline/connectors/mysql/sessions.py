"""Connections to a profile's server: opened at addresses that were checked, and kept for a while.

A connection that met anything but an answer is closed: what it holds of a half-read one would be
taken for the next (asyncmy's issue 89).
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from contextlib import suppress

from asyncmy.errors import MySQLError

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.errors import ConnectorError
from syncline.connectors.mysql.errors import certificate_error
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.settings import MysqlSettings
from syncline.connectors.sql import sessions
from syncline.connectors.sql.server import CONNECT_LIMIT, SslMode, addresses_of, tls_of

_NO_SERVER = "what answers there is no server of MySQL"


class Sessions(sessions.Sessions[Session]):
    """A profile's connections for reading, or those for writing."""

    def __init__(
        self, settings: MysqlSettings, password: str, allowed: AllowedAddresses, *, writes: bool
    ) -> None:
        super().__init__()
        self._settings = settings
        self._password = password
        self._allowed = allowed
        self._writes = writes

    async def stop(self, session: Session) -> None:
        """Close a connection whose statement takes too long, and have the server end that."""
        number = session.thread_id()
        session.close()
        with suppress(ConnectorError, MySQLError, OSError):  # then it ends by itself, if later
            other = await self.open()
            await other.run(f"kill {number}")
            other.close()

    async def open(self) -> Session:
        """Connect and log in.

        Raises:
            ConnectorError: the address is not allowed, or the root certificate cannot be read.
            OSError, TimeoutError, asyncmy's MySQLError: as asyncmy does.
        """
        failed: Exception = OSError(f"the name {self._settings.host} has no address")
        async with asyncio.timeout(CONNECT_LIMIT):
            for address in await addresses_of(self._settings, self._allowed):
                try:
                    return await self._at(address)
                except (OSError, MySQLError) as error:
                    if not isinstance(error.__cause__, OSError):
                        raise
                    failed = error
        raise failed

    async def _at(self, address: str) -> Session:
        """Connect to an address; without TLS where the mode leaves that to the server."""
        tls = tls_of(self._settings)
        try:
            return await self._connected(address, tls)
        except MySQLError as error:
            if self._settings.sslmode is not SslMode.PREFER or certificate_error(error) is None:
                raise
        return await self._connected(address, tls=False)

    async def _connected(self, address: str, tls: ssl.SSLContext | bool) -> Session:
        session = Session(address, tls, self._settings, self._password)
        try:
            await session.connect()  # type: ignore[unused-awaitable]
            await session.prepare_session(writes=self._writes)
        except (struct.error, IndexError, ValueError) as error:  # of the driver, at odd answers
            session.close()
            raise OSError(_NO_SERVER) from error
        except BaseException:
            session.close()
            raise
        return session
