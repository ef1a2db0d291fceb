"""What is done at a server: how each call uses its connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext

import msgspec
from asyncmy.errors import MySQLError

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.errors import ConnectorError
from syncline.connectors.mysql.errors import (
    LOGIN_REFUSED,
    NO_DATABASE,
    NOT_PERMITTED,
    certificate_error,
    code_of,
    translated_errors,
    words_of,
)
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.sessions import Sessions
from syncline.connectors.mysql.settings import MysqlSettings
from syncline.connectors.mysql.source.fetch import fetch_records
from syncline.connectors.mysql.source.procedure import describe_procedure, read_procedure
from syncline.connectors.mysql.source.queries import base_query
from syncline.connectors.mysql.source.reader import read_pages
from syncline.connectors.mysql.source.shape import shape_of
from syncline.connectors.mysql.target.table import TargetTable, table_of
from syncline.connectors.mysql.target.upsert import Upsert
from syncline.connectors.sql.server import CONNECT_LIMIT, PASSED, failed_check
from syncline.connectors.sql.table_database import TableDatabase
from syncline.connectors.sql.target_table import Key
from syncline.connectors.sql.wait_limit import WaitLimit
from syncline.connectors.sql.whole_reads import records_with
from syncline.domain.columns import Columns
from syncline.domain.mapping.extraction import Extraction, ExtractionMode


class Database(TableDatabase[Session, TargetTable]):
    """The database of a profile."""

    _reading: Sessions

    def __init__(self, settings: MysqlSettings, password: str, allowed: AllowedAddresses) -> None:
        self._settings = settings
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
        except ConnectorError as error:
            part = "host" if error.failure.code == "address_not_allowed" else "tls"
            return [port.Check(part, ok=False, message=error.failure.message)]
        except (OSError, TimeoutError, MySQLError) as error:
            words = words_of(error) if str(error) else f"no answer within {CONNECT_LIMIT} s"
            return failed_check(_part(error), words)

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table or query, with their types; a procedure is called."""
        with translated_errors():
            async with self._reading.session() as session:
                if extraction.mode is ExtractionMode.PROCEDURE:
                    columns = await describe_procedure(session, extraction)
                    session.close()
                else:
                    shape = await shape_of(session, base_query(extraction, None, None))
                    columns = list(shape.values())
                return [port.SourceColumn(column.name, column.kind) for column in columns]

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages from a read-only snapshot, ordered by (cursor, ID).

        Where pages are not taken for long, the rest comes from a new snapshot.
        """
        is_call = request.extraction.mode is ExtractionMode.PROCEDURE
        with translated_errors():
            while True:
                session = await self._reading.take()
                limit = WaitLimit(session.close)
                try:
                    async with aclosing(self._pages(session, request)) as pages:
                        async for page in pages:
                            left = request.limit and request.limit - len(page.ids)
                            request = msgspec.structs.replace(
                                request, position=page.position, limit=left
                            )
                            with nullcontext() if is_call else limit.waiting():
                                yield page
                            if limit.is_over:
                                break
                except TimeoutError:
                    await self._reading.stop(session)
                    raise
                except BaseException:  # also where nobody wants the rest
                    session.close()
                    raise
                if not limit.is_over:
                    await _give_back(self._reading, session)
                    return
                session.close()

    def _pages(
        self, session: Session, request: port.ExtractRequest
    ) -> AsyncGenerator[port.Page, None]:
        is_call = request.extraction.mode is ExtractionMode.PROCEDURE
        read_all = read_procedure if is_call else read_pages
        return read_all(session, request, self._settings.statement_timeout)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, and say which were asked for in another spelling."""
        if not ids:
            return port.Page([], [], Columns(0, {}), "")
        with translated_errors():
            async with self._reading.session() as session:
                if extraction.mode is not ExtractionMode.PROCEDURE:
                    return await fetch_records(session, extraction, ids)
                patience = self._settings.statement_timeout
                pages = read_procedure(session, port.ExtractRequest(extraction), patience)
                page = await records_with(ids, pages)
                await session.run("rollback")
                return page

    async def _table(
        self, session: Session, name: str, key: Key, on_create: tuple[str, ...] = ()
    ) -> TargetTable:
        return await table_of(session, name, key, on_create)

    def _upsert(self, session: Session, table: TargetTable, pace: port.Pace) -> Upsert:
        return Upsert(session, table, pace)

    def _translated(self) -> AbstractContextManager[None]:
        return translated_errors(writes=True)


async def _give_back(sessions: Sessions, session: Session) -> None:
    """Keep the connection of a read that came to its end, or close it where it was cut off."""
    if session.is_fit:
        await session.run("rollback")
    sessions.keep(session)


async def _inside(session: Session) -> list[port.Check]:
    passed = [*PASSED, port.Check("data", ok=True, message=f"version {session.version}")]
    rights = [str(row[0]) for row in await session.rows("show grants")]
    if any(right.startswith("GRANT ALL PRIVILEGES ON *.*") for right in rights):
        message = "the user may do everything; one with just the rights it needs is safer"
        passed.append(port.Check("permission", ok=True, message=message))
    return passed


def _part(error: BaseException) -> str:
    if certificate_error(error) is not None:
        return "tls"
    code = code_of(error)
    if code in LOGIN_REFUSED:
        return "login"
    if code == NO_DATABASE:
        return "data"
    return "permission" if code in NOT_PERMITTED else "host"
