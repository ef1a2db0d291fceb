"""Connections to a profile's server: at addresses that were checked, and kept for a while."""

from __future__ import annotations

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.oracle.errors import CODES
from syncline.connectors.oracle.session import Session
from syncline.connectors.oracle.settings import OracleSettings
from syncline.connectors.sql.server import tls_of
from syncline.connectors.sql.threaded_session import ThreadedSessions


class Sessions(ThreadedSessions[Session]):
    """A profile's connections for reading, or those for writing."""

    _settings: OracleSettings

    def __init__(self, settings: OracleSettings, password: str, allowed: AllowedAddresses) -> None:
        super().__init__("Oracle", settings, password, allowed)

    def is_ended_by(self, error: BaseException) -> bool:
        """Tell whether a connection is of no more use: not where Oracle refused a statement."""
        return CODES.is_of_the_line(error)

    def _session(self) -> Session:
        return Session(self._settings)

    async def _connect(self, session: Session, address: str) -> None:
        await session.connect(address, self._password, tls_of(self._settings))
