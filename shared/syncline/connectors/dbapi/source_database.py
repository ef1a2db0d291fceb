"""Reading at a database server: how each call uses its connections."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from typing import ClassVar, Generic, TypeVar

import msgspec

from syncline.connectors import port
from syncline.connectors.dbapi.errors import ErrorCodes, ServerError, code_of, words_of
from syncline.connectors.dbapi.fetch import fetch_records
from syncline.connectors.dbapi.queries import base_query
from syncline.connectors.dbapi.reader import read_pages
from syncline.connectors.dbapi.session import Session
from syncline.connectors.dbapi.shape import Dialect, shape_of
from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.sql.server import CONNECT_LIMIT, failed_check
from syncline.connectors.sql.sessions import Sessions
from syncline.connectors.sql.wait_limit import WaitLimit
from syncline.domain.columns import Columns
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode

S = TypeVar("S", bound=Session)


class SourceDatabase(ABC, Generic[S]):
    """The database of a profile, as a source."""

    dialect: ClassVar[Dialect]
    codes: ClassVar[ErrorCodes]
    _reading: Sessions[S]

    @abstractmethod
    def quoted_table(self, name: str) -> str:
        """Return a table's name as SQL."""

    @abstractmethod
    async def _inside(self, session: S) -> list[port.Check]:
        """Look at the database and the user's rights, once it is logged in."""

    async def test(self) -> list[port.Check]:
        """Connect, log in, and look at the database and the user's rights."""
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                session = await self._reading.open()
                try:
                    return await self._inside(session)
                finally:
                    session.close()
        except (ConnectorError, RetriableError) as error:
            return [port.Check("host", ok=False, message=error.failure.message)]
        except (OSError, TimeoutError, ServerError) as error:
            advice = self.codes.advice.get(code_of(error))
            words = f"{words_of(error)}: {advice}" if advice else words_of(error)
            return failed_check(self.codes.part_of(error), words)

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table or query, with their types."""
        with self.codes.translated():
            async with self._reading.session() as session:
                table = self._table_of(extraction)
                query = base_query(self.dialect, extraction, table)
                with self._named(extraction):
                    shape = await shape_of(session, self.dialect, query.sql, query.given)
                return [port.SourceColumn(column.name, column.kind) for column in shape.values()]

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages of one statement, ordered by (cursor, ID).

        Where pages are not taken for long, the rest comes from a new statement.
        """
        is_call = request.extraction.mode is ExtractionMode.PROCEDURE
        with self.codes.translated(), self._named(request.extraction):
            while True:
                session = await self._reading.take()
                limit = WaitLimit(session.close)
                try:
                    async with aclosing(self.pages(session, request)) as pages:
                        async for page in pages:
                            left = request.limit and request.limit - len(page.ids)
                            request = msgspec.structs.replace(
                                request, position=page.position, limit=left
                            )
                            with nullcontext() if is_call else limit.waiting():
                                yield page
                            if limit.is_over:
                                break
                except BaseException:  # also where nobody wants the rest
                    session.close()
                    raise
                if not limit.is_over:
                    self._reading.keep(session)
                    return
                session.close()

    def pages(self, session: S, request: port.ExtractRequest) -> AsyncGenerator[port.Page, None]:
        """Read an extraction on one connection."""
        return read_pages(session, self.dialect, self._table_of(request.extraction), request)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, and say which were asked for in another spelling."""
        if not ids:
            return port.Page([], [], Columns(0, {}), "")
        with self.codes.translated(), self._named(extraction):
            async with self._reading.session() as session:
                table = self._table_of(extraction)
                return await fetch_records(session, self.dialect, table, extraction, ids)

    def _table_of(self, extraction: Extraction) -> str:
        return "" if extraction.table is None else self.quoted_table(extraction.table)

    @contextmanager
    def _named(self, extraction: Extraction) -> Iterator[None]:
        """Say which table is not there: the database's own words may not tell."""
        try:
            yield
        except ServerError as error:
            if self.codes.call.get(error.code) != "no_table" or extraction.table is None:
                raise
            message = f"there is no table {extraction.table}, or the user may not see it"
            raise refusal("no_table", f"{self.codes.system}: {message}") from error
