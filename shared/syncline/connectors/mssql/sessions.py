"""Connections to a profile's server: opened at addresses that were checked, and kept for a while.

A connection that met anything but an answer of the server is closed.
"""

from __future__ import annotations

import mssql_python

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.mssql.errors import ServerError, is_of_the_line
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.sql.server import SslMode
from syncline.connectors.sql.threaded_session import ThreadedSessions
from syncline.domain.errors import FailureError


class Sessions(ThreadedSessions[Session]):
    """A profile's connections for reading, or those for writing."""

    _settings: MssqlSettings

    def __init__(
        self, settings: MssqlSettings, password: str, allowed: AllowedAddresses, *, writes: bool
    ) -> None:
        super().__init__("SQL Server", settings, password, allowed)
        self._writes = writes

    def is_ended_by(self, error: BaseException) -> bool:
        """Tell whether a connection is of no more use: not where SQL Server refused a statement."""
        return is_of_the_line(error)

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

    def _session(self) -> Session:
        return Session(self._settings)

    async def _connect(self, session: Session, address: str) -> None:
        text = connection_string(self._settings, self._password, address)
        await session.connect(text, writes=self._writes)


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
