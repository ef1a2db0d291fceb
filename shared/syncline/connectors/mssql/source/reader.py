"""Reading one extraction, a statement for each page: rows that tie are never parted."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

import msgspec

from syncline.connectors.mssql.kinds import Kind, made
from syncline.connectors.mssql.session import Row, Session
from syncline.connectors.mssql.source.pages import PageMaker
from syncline.connectors.mssql.source.queries import base_query
from syncline.connectors.mssql.source.shape import Column, selection, shape_of
from syncline.connectors.mssql.source.values import moment_text
from syncline.connectors.mssql.source.window import Position, Window, check_cursor
from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ExtractRequest, Page, SourceSnapshot
from syncline.connectors.projection import check_named
from syncline.connectors.sql.tied_rows import MOST_TIED, not_unique
from syncline.connectors.sql.zones import in_zone

_NOW = """select convert(varchar(40), sysdatetimeoffset(), 121) as taken_at,
convert(bigint, min_active_rowversion()) as until"""
_FIRST = 10
"""Rows of the first page at most, where columns may be long."""


class Reader:
    """Reads one extraction on one connection, ordered by (cursor, ID)."""

    def __init__(
        self, session: Session, request: ExtractRequest, shape: Mapping[str, Column]
    ) -> None:
        extraction, after = request.extraction, request.after
        self._cursor = shape.get(extraction.cursor_column or "")
        if after and session.zone and self._cursor and self._cursor.kind is Kind.DATETIME:
            after = in_zone(after, session.zone)
        self._session = session
        self._after = after
        self._left = request.limit
        self._most = request.page_size
        self._query = base_query(extraction, after, None)
        self._chosen = selection(extraction, shape)
        self._maker = PageMaker(extraction, self._chosen, list(shape), session.zone)
        self._window = Window(extraction, shape)
        self._size = min(self._most, _FIRST) if self._chosen.sizes else self._most
        self._until: str | None = None
        self._position: Position | None = None
        if request.position is not None:
            self._position = msgspec.json.decode(request.position, type=Position)

    async def pages(self) -> AsyncGenerator[Page, None]:
        """Read all pages, each by a statement of its own: no one waits while a page is away.

        Raises ConnectorError where more rows share a cursor value and ID than can name records.
        """
        snapshot = await self._snapshot()
        while self._left != 0:
            count = self._size if self._left is None else min(self._left, self._size)
            rows = await self._rows(count)
            if rows is None:
                continue
            if not rows:
                return
            self._position = self._maker.key_of(rows[-1])
            page = self._maker.page(rows if self._left is None else rows[: self._left])
            page.snapshot = snapshot
            self._left = None if self._left is None else self._left - len(page.ids)
            self._size = _next_size(self._size, self._most, rows)
            if page.ids:
                yield page
            if len(rows) < count:
                return

    async def _snapshot(self) -> SourceSnapshot | None:
        """Say when a read began that passes no change over: one by `rowversion`.

        It ends before the first number of a change that was not committed then. The end is asked
        for before any page: a snapshot may be older than what its own statement is told.
        """
        if self._cursor is None or self._cursor.kind is not Kind.ROWVERSION:
            return None
        [[taken_at, until]] = (await self._session.rows(_NOW)).rows
        self._until = str(until)
        return SourceSnapshot(str(moment_text(str(taken_at))))

    async def _rows(self, count: int) -> Sequence[Row] | None:
        """Return so many rows and all that tie with the last; None where fewer are to be asked."""
        given = dict(self._query.given)
        tests = [self._window.start(self._after, given), self._window.behind(self._position, given)]
        if self._until is not None and self._cursor is not None:
            given["until"] = self._until
            end = made(self._cursor.declared, "@until")
            tests.append(f"({self._cursor.key} < {end} or {self._cursor.key} is null)")
        where = " and ".join(filter(None, tests))
        found = await self._session.rows(
            f"select top ({count}) with ties {self._chosen.sql} from ({self._query.sql}\n) q"
            f"{' where ' if where else ''}{where} order by {self._window.order}",
            given,
            most=count + MOST_TIED,
            most_bytes=PAGE_BYTES * 2 if count > 1 else None,
        )
        if not found.is_cut:
            return found.rows
        if len(found.rows) >= count + MOST_TIED:
            last = self._maker.key_of(found.rows[-1])
            raise not_unique(last.id, last.cursor)
        self._size = max(1, min(count - 1, len(found.rows) // 2))
        return None


async def read_pages(session: Session, request: ExtractRequest) -> AsyncGenerator[Page, None]:
    """Read an extraction. Raises ConnectorError where the source has not what it names."""
    extraction = request.extraction
    shape = await shape_of(session, base_query(extraction, None, None))
    check_named(extraction, list(shape))
    if extraction.cursor_column is not None:
        check_cursor(shape[extraction.cursor_column])
    async with aclosing(Reader(session, request, shape).pages()) as pages:
        async for page in pages:
            yield page


def _next_size(size: int, most: int, rows: Sequence[Row]) -> int:
    """Return the rows of the next page: as many as this page's rows let expect to fit."""
    some = rows[:: max(1, len(rows) // 50)]
    longest = max(sum(len(c) for c in row if isinstance(c, str | bytes)) for row in some)
    return max(1, min(most, size * 4, PAGE_BYTES // max(1, longest)))
