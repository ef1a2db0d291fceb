"""Reading one extraction: its query, pages of its rows, and rows that tie."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from zoneinfo import ZoneInfo

import msgspec
from asyncmy.cursors import Cursor, SSCursor

from syncline.connectors.mysql.kinds import Kind
from syncline.connectors.mysql.session import Row, Session
from syncline.connectors.mysql.source.queries import base_query
from syncline.connectors.mysql.source.shape import (
    Selection,
    selection,
    shape_of,
)
from syncline.connectors.mysql.source.text_cursors import check_texts
from syncline.connectors.mysql.source.values import text_of_cell, values_of
from syncline.connectors.mysql.source.window import Position, order_of, where_of
from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.projection import Projection, check_named
from syncline.connectors.sql.tied_rows import UntiedPages
from syncline.connectors.sql.values import too_long
from syncline.connectors.sql.zones import in_utc, in_zone
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.extraction import Extraction

_AT_ONCE = 50
"""Rows that are taken before it is looked at how long they are."""
SNAPSHOT = "start transaction with consistent snapshot, read only"


class PageMaker:
    """Makes pages of one query's rows.

    Args:
        names: all columns that the source has.
        zone: of `datetime` columns, which are told in UTC then.
    """

    def __init__(
        self,
        extraction: Extraction,
        chosen: Selection,
        names: Sequence[str],
        zone: ZoneInfo | None,
    ) -> None:
        self._zone = zone
        self._names = tuple(names)
        self._chosen = chosen
        self._places = {column.name: n for n, column in enumerate(chosen.columns)}
        self._keys = (extraction.cursor_column, extraction.id_column)
        self._pick = Projection(extraction, list(self._places))

    def page(self, rows: Sequence[Row]) -> Page:
        """Make a page of at least one row."""
        cells = list(zip(*rows, strict=True))
        columns = self._chosen.columns
        values = {column.name: values_of(column.kind, cells[n]) for n, column in enumerate(columns)}
        if self._zone is not None:
            for column in columns:
                if column.kind is Kind.DATETIME:
                    told = values[column.name]
                    values[column.name] = [t and in_utc(str(t), self._zone) for t in told]
        bad: dict[int, Failure] = {}
        for place, sized in self._chosen.sizes.items():
            for row, size in enumerate(cells[sized]):
                if size is not None:
                    bad[row] = too_long(columns[place].name, int(size))
        page = self._pick.page(Columns(len(rows), values), bad, self.position(rows[-1]))
        page.columns = self._names
        return page

    def position(self, row: Row) -> str:
        """Return the position behind a row."""
        cursor, source_id = self._texts(row)
        return msgspec.json.encode(Position(cursor, source_id)).decode()

    def key_of(self, row: Row) -> tuple[object, object]:
        cursor, source_id = self._texts(row)
        return source_id, cursor

    def _texts(self, row: Row) -> list[str | None]:
        """Return a row's cursor value and ID."""
        return [None if name is None else self._text(row, name) for name in self._keys]

    def _text(self, row: Row, name: str) -> str | None:
        place = self._places[name]
        return text_of_cell(self._chosen.columns[place].kind, row[place])

    def group_of(self, row: Row) -> list[str | bytes | None]:
        return [row[place] for place in self._chosen.groups]


async def read_pages(
    session: Session, request: ExtractRequest, patience: float
) -> AsyncGenerator[Page, None]:
    """Read an extraction in one snapshot, ordered by (cursor, ID).

    At the end the connection is in a transaction, before it the connection is of no other use.

    Args:
        patience: seconds without a row after which the query has failed. The server's own limit
            would count the time in which nobody takes rows.
    """
    rows, maker = await _begun(session, request, patience)
    pages: UntiedPages[Row] = UntiedPages(request.page_size, maker.group_of, maker.key_of)
    left, is_end = request.limit, False
    while not is_end and left != 0:
        some, is_end = await taken_rows(rows, pages.asked, patience)
        session.touch()
        found = pages.take(some, is_end=is_end)
        while found and left != 0:
            part, found = found[:left], found[left:] if left else []
            page = maker.page(part)
            left = None if left is None else left - len(page.ids)
            if page.ids:
                with session.unread():  # the server waits while a page is away
                    yield page
    if not is_end:
        session.close()


async def _begun(
    session: Session, request: ExtractRequest, patience: float
) -> tuple[Cursor, PageMaker]:
    """Have the server begin with the query of an extraction."""
    extraction = request.extraction
    await session.run(SNAPSHOT)
    shape = await shape_of(session, base_query(extraction, None, None))
    check_named(extraction, list(shape))
    cursor = extraction.cursor_column
    if session.zone and request.after and cursor and shape[cursor].kind is Kind.DATETIME:
        request = msgspec.structs.replace(request, after=in_zone(request.after, session.zone))
    query = base_query(extraction, request.after, None)
    await check_texts(session, request, query, shape)
    chosen = selection(extraction, shape)
    maker = PageMaker(extraction, chosen, list(shape), session.zone)
    where, order = where_of(request, shape), order_of(extraction, shape)
    sql = f"select {chosen.sql} from ({query}\n) q{where} order by {order}"
    no_limit = "max_statement_time" if session.is_mariadb else "max_execution_time"
    await session.run(f"set session {no_limit} = 0")
    async with asyncio.timeout(patience):
        rows = session.cursor(SSCursor)
        await rows.execute(sql)
    return rows, maker


async def taken_rows(rows: Cursor, count: int, patience: float) -> tuple[list[Row], bool]:
    """Take up to so many rows, fewer where they are long; tell whether there are no more."""
    taken: list[Row] = []
    size = 0
    while len(taken) < count and size < PAGE_BYTES:
        asked = min(_AT_ONCE, count - len(taken))
        async with asyncio.timeout(patience):
            some = await rows.fetchmany(asked)
        taken += some
        if len(some) < asked:
            return taken, True
        size += _AT_ONCE * max(sum(len(cell) for cell in row if cell) for row in some[::10])
    return taken, False
