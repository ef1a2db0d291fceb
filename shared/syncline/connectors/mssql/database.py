"""What is done at a server: how each call uses its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, aclosing

import mssql_python

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.errors import ConnectorError
from syncline.connectors.mssql.errors import (
    LOGIN_REFUSED,
    NO_DATABASE,
    NOT_PERMITTED,
    ServerError,
    is_certificate_refused,
    number_of,
    translated_errors,
    words_of,
)
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.sessions import Sessions
from syncline.connectors.mssql.settings import MssqlSettings
from syncline.connectors.mssql.source.fetch import fetch_records
from syncline.connectors.mssql.source.procedure import describe_procedure, read_procedure
from syncline.connectors.mssql.source.queries import base_query
from syncline.connectors.mssql.source.reader import read_pages
from syncline.connectors.mssql.source.shape import ROWVERSION, shape_of
from syncline.connectors.mssql.target.table import TargetTable, table_of
from syncline.connectors.mssql.target.upsert import Upsert
from syncline.connectors.sql.server import CONNECT_LIMIT, PASSED, failed_check
from syncline.connectors.sql.table_database import TableDatabase
from syncline.connectors.sql.target_table import Key
from syncline.connectors.sql.whole_reads import records_with
from syncline.domain.columns import Columns
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

_MAY_WRITE = "select has_perms_by_name(null, 'DATABASE', 'INSERT') as may_write"


class Database(TableDatabase[Session, TargetTable]):
    """The database of a profile."""

    _reading: Sessions

    def __init__(self, settings: MssqlSettings, password: str, allowed: AllowedAddresses) -> None:
        self._name = settings.database
        super().__init__(
            Sessions(settings, password, allowed, writes=False),
            Sessions(settings, password, allowed, writes=True),
        )

    async def test(self) -> list[port.Check]:
        """Connect, log in, and look at the database and the user's rights."""
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                session = await self._reading.open()
                try:
                    return await _inside(session)
                finally:
                    session.close()
        except (ConnectorError, RetriableError) as error:
            return [port.Check("host", ok=False, message=error.failure.message)]
        except (OSError, TimeoutError, ServerError, mssql_python.Error) as error:
            part = _part(error)
            if part == "login" and await self._reading.is_login_good():
                message = f"there is no database {self._name}, or the user may not open it"
                return failed_check("data", message)
            return failed_check(part, _plain_words(error, part))

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table or query, with their types; a procedure is called."""
        with translated_errors():
            async with self._reading.session() as session:
                if extraction.mode is ExtractionMode.PROCEDURE:
                    return await describe_procedure(session, extraction)
                shape = await shape_of(session, base_query(extraction, None, None))
                return [port.SourceColumn(column.name, column.kind) for column in shape.values()]

    async def has_row_versions(self, extraction: Extraction) -> bool:
        """Tell whether the cursor column is SQL Server's own number of a change."""
        if extraction.mode is ExtractionMode.PROCEDURE:
            return False
        with translated_errors():
            async with self._reading.session() as session:
                shape = await shape_of(session, base_query(extraction, None, None))
        column = shape.get(extraction.cursor_column or "")
        return column is not None and column.kind is ROWVERSION

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages, ordered by (cursor, ID); no statement waits while a page is away."""
        is_call = request.extraction.mode is ExtractionMode.PROCEDURE
        with translated_errors():
            async with self._reading.session() as session:
                read_all = read_procedure if is_call else read_pages
                async with aclosing(read_all(session, request)) as pages:
                    async for page in pages:
                        yield page

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, and say which were asked for in another spelling."""
        if not ids:
            return port.Page([], [], Columns(0, {}), "")
        with translated_errors():
            async with self._reading.session() as session:
                if extraction.mode is ExtractionMode.PROCEDURE:
                    pages = read_procedure(session, port.ExtractRequest(extraction))
                    return await records_with(ids, pages)
                return await fetch_records(session, extraction, ids)

    async def _table(
        self, session: Session, name: str, key: Key, on_create: tuple[str, ...] = ()
    ) -> TargetTable:
        return await table_of(session, name, key, on_create)

    def _upsert(self, session: Session, table: TargetTable, pace: port.Pace) -> Upsert:
        return Upsert(session, table, pace)

    def _translated(self) -> AbstractContextManager[None]:
        return translated_errors()


async def _inside(session: Session) -> list[port.Check]:
    isolation = "snapshot isolation" if session.is_snapshot else "no snapshot isolation"
    about = f"version {session.version}, {isolation}"
    passed = [*PASSED, port.Check("data", ok=True, message=about)]
    [[may_write]] = (await session.rows(_MAY_WRITE)).rows
    if may_write:
        message = "the user may write every table; one with just the rights it needs is safer"
        passed.append(port.Check("permission", ok=True, message=message))
    return passed


def _plain_words(error: BaseException, part: str) -> str:
    """Say what failed, and what to do where the driver's words do not tell."""
    words = words_of(error) if str(error) else f"no answer within {CONNECT_LIMIT} s"
    if is_certificate_refused(error):
        words += ": make the certificate's authority known to the system that Syncline runs on"
    elif part == "host" and isinstance(error, mssql_python.Error | TimeoutError):
        words += ": something listens there, but does not answer as SQL Server"
    return words


def _part(error: BaseException) -> str:
    if is_certificate_refused(error) or "SSL" in words_of(error):
        return "tls"
    number = number_of(error)
    if number == NO_DATABASE:
        return "data"
    if number in LOGIN_REFUSED:
        return "login"
    return "permission" if number in NOT_PERMITTED else "host"
