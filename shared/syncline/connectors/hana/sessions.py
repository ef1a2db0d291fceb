"""Connections to a profile's server: at addresses that were checked, and kept for a while."""

from __future__ import annotations

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.hana.errors import CODES
from syncline.connectors.hana.session import Session
from syncline.connectors.hana.settings import HanaSettings
from syncline.connectors.sql.threaded_session import ThreadedSessions


class Sessions(ThreadedSessions[Session]):
    """A profile's connections."""

    _settings: HanaSettings

    def __init__(self, settings: HanaSettings, password: str, allowed: AllowedAddresses) -> None:
        super().__init__("HANA", settings, password, allowed)

    def is_ended_by(self, error: BaseException) -> bool:
        """Tell whether a connection is of no more use: not where HANA refused a statement."""
        return CODES.is_of_the_line(error)

    def _session(self) -> Session:
        return Session(self._settings)

    async def _connect(self, session: Session, address: str) -> None:
        await session.connect(address, self._password)
