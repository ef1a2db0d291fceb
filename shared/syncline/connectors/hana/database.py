"""What is done at a server."""

from __future__ import annotations

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.dbapi.names import table_name
from syncline.connectors.dbapi.source_database import SourceDatabase
from syncline.connectors.hana.errors import CODES
from syncline.connectors.hana.kinds import DIALECT
from syncline.connectors.hana.session import Session
from syncline.connectors.hana.sessions import Sessions
from syncline.connectors.hana.settings import HanaSettings
from syncline.connectors.sql.server import PASSED


class Database(SourceDatabase[Session]):
    """The database of a profile."""

    dialect = DIALECT
    codes = CODES

    def __init__(self, settings: HanaSettings, password: str, allowed: AllowedAddresses) -> None:
        self._reading = Sessions(settings, password, allowed)

    def close(self) -> None:
        """Let go of all connections."""
        self._reading.close()

    def quoted_table(self, name: str) -> str:
        """Return a table's name as SQL."""
        return table_name(name)

    async def _inside(self, session: Session) -> list[port.Check]:
        return [*PASSED, port.Check("data", ok=True, message=f"version {session.version}")]
