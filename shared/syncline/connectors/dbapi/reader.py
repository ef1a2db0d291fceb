"""Reading one extraction: one statement, pages of its rows, and rows that tie."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

import msgspec

from syncline.connectors.dbapi.kinds import LONG
from syncline.connectors.dbapi.pages import PageMaker
from syncline.connectors.dbapi.queries import base_query
from syncline.connectors.dbapi.session import Row, Session
from syncline.connectors.dbapi.shape import Column, Dialect, selection, shape_of
from syncline.connectors.dbapi.window import Position, Window, check_cursor
from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.projection import check_named
from syncline.connectors.sql.tied_rows import UntiedPages
from syncline.connectors.sql.zones import in_zone
from syncline.domain.mapping.extraction import Extraction

_AT_ONCE = 1000
"""Rows that the driver takes from the server at once; of rows that may be long, few."""
_AT_ONCE_LONG = 20


async def read_pages(
    session: Session, dialect: Dialect, table: str, request: ExtractRequest
) -> AsyncGenerator[Page, None]:
    """Read an extraction, ordered by (cursor, ID). Before its end the session is of no other use.

    Args:
        table: of an extraction that names one, quoted.

    Raises ConnectorError where the source has not what it names.
    """
    maker = await _begun(session, dialect, table, request)
    pages: UntiedPages[Row] = UntiedPages(request.page_size, maker.group_of, maker.key_of)
    left, is_end = request.limit, False
    while not is_end and left != 0:
        some, is_end = await session.take(pages.asked)
        found = pages.take(some, is_end=is_end)
        while found and left != 0:
            part, found = found[:left], found[left:] if left else []
            page = maker.page(part)
            left = None if left is None else left - len(page.ids)
            if page.ids:
                yield page
    if not is_end:
        session.close()


async def _begun(
    session: Session, dialect: Dialect, table: str, request: ExtractRequest
) -> PageMaker:
    """Have the server begin with the query of an extraction."""
    extraction, after = request.extraction, request.after
    shape = await named_shape(session, dialect, table, extraction)
    cursor = shape.get(extraction.cursor_column or "")
    if cursor is not None:
        check_cursor(cursor)
        if after and session.zone and not cursor.has_zone:
            after = in_zone(after, session.zone)
    query = base_query(dialect, extraction, table, after)
    chosen = selection(dialect, extraction, shape)
    window = Window(dialect, extraction, shape)
    position = request.position
    behind = None if position is None else msgspec.json.decode(position, type=Position)
    where = window.where(after, behind, query.given)
    sql = f"select {chosen.sql} from ({query.sql}\n) q{where} order by {window.order}"
    is_long = any(column.kind in LONG for column in chosen.columns)
    await session.open_rows(sql, query.given, _AT_ONCE_LONG if is_long else _AT_ONCE)
    return PageMaker(extraction, chosen, list(shape), session.zone)


async def named_shape(
    session: Session, dialect: Dialect, table: str, extraction: Extraction
) -> Mapping[str, Column]:
    """Return the columns of an extraction. Raises ConnectorError where it names others."""
    query = base_query(dialect, extraction, table)
    shape = await shape_of(session, dialect, query.sql, query.given)
    check_named(extraction, list(shape))
    return shape
