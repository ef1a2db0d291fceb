"""What is done at a server: how each call uses its connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.dbapi.names import table_name
from syncline.connectors.dbapi.source_database import SourceDatabase
from syncline.connectors.oracle.errors import CODES
from syncline.connectors.oracle.kinds import DIALECT
from syncline.connectors.oracle.procedure import describe_procedure, read_procedure
from syncline.connectors.oracle.session import Session
from syncline.connectors.oracle.sessions import Sessions
from syncline.connectors.oracle.settings import OracleSettings
from syncline.connectors.oracle.target.table import TargetTable, table_of
from syncline.connectors.oracle.target.upsert import Upsert
from syncline.connectors.sql.server import PASSED
from syncline.connectors.sql.table_database import TableDatabase
from syncline.connectors.sql.target_table import Key
from syncline.connectors.sql.whole_reads import records_with
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

_MAY_WRITE = """select count(*) from session_privs
where privilege in ('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE')"""


class Database(SourceDatabase[Session], TableDatabase[Session, TargetTable]):
    """The database of a profile."""

    dialect = DIALECT
    codes = CODES

    def __init__(self, settings: OracleSettings, password: str, allowed: AllowedAddresses) -> None:
        super().__init__(
            Sessions(settings, password, allowed), Sessions(settings, password, allowed)
        )

    async def _inside(self, session: Session) -> list[port.Check]:
        about = f"version {session.version}, {session.charset}"
        passed = [*PASSED, port.Check("data", ok=True, message=about)]
        [[may_write]] = await session.rows(_MAY_WRITE)
        if int(str(may_write)):
            message = "the user may write every table; one with just the rights it needs is safer"
            passed.append(port.Check("permission", ok=True, message=message))
        return passed

    def quoted_table(self, name: str) -> str:
        """Return a table's name as SQL."""
        return table_name(name)

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table or query, with their types; a procedure is called."""
        if extraction.mode is not ExtractionMode.PROCEDURE:
            return await super().describe(extraction)
        with CODES.translated():
            async with self._reading.session() as session:
                return await describe_procedure(session, extraction)

    def pages(
        self, session: Session, request: port.ExtractRequest
    ) -> AsyncGenerator[port.Page, None]:
        """Read an extraction on one connection."""
        if request.extraction.mode is ExtractionMode.PROCEDURE:
            return read_procedure(session, request)
        return super().pages(session, request)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, and say which were asked for in another spelling."""
        if extraction.mode is not ExtractionMode.PROCEDURE or not ids:
            return await super().fetch(extraction, ids)
        with CODES.translated():
            async with self._reading.session() as session:
                return await records_with(
                    ids, read_procedure(session, port.ExtractRequest(extraction))
                )

    async def _table(
        self, session: Session, name: str, key: Key, on_create: tuple[str, ...] = ()
    ) -> TargetTable:
        return await table_of(session, name, key, on_create)

    def _upsert(self, session: Session, table: TargetTable, pace: port.Pace) -> Upsert:
        return Upsert(session, table, pace)

    def _translated(self) -> AbstractContextManager[None]:
        return CODES.translated()
