"""Reading what a procedure returns: in its own order, whole each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from asyncmy.cursors import Cursor, SSCursor

from syncline.connectors.errors import refusal
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.source.queries import call_of
from syncline.connectors.mysql.source.reader import SNAPSHOT, PageMaker, taken_rows
from syncline.connectors.mysql.source.shape import Column, Selection, columns_of
from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.projection import check_named
from syncline.domain.mapping.extraction import Extraction

_FROM_THE_BEGINNING = "0"
"""The position of every page: a procedure has no order in which a read could go on."""


async def read_procedure(
    session: Session, request: ExtractRequest, patience: float
) -> AsyncGenerator[Page, None]:
    """Read the rows that a procedure returns.

    Raises ConnectorError where it returns none, or several results.
    """
    extraction, left, is_end = request.extraction, request.limit, False
    async with asyncio.timeout(patience):
        rows = await _called(session, extraction)
    maker = _maker(session, extraction)
    while not is_end and left != 0:
        size = request.page_size if left is None else min(left, request.page_size)
        some, is_end = await taken_rows(rows, size, patience)
        session.touch()
        if some and (page := maker.page(some)).ids:
            left = None if left is None else left - len(page.ids)
            page.position = _FROM_THE_BEGINNING
            with session.unread():
                yield page
    if not is_end:
        session.close()
        return
    while await rows.nextset():
        if rows.description is not None:
            message = f"the procedure {extraction.procedure} returns several results: one is read"
            raise refusal("several_results", message)


def _maker(session: Session, extraction: Extraction) -> PageMaker:
    shape = columns_of(session)
    check_named(extraction, list(shape))
    chosen = Selection(list(shape.values()), "", {}, ())
    return PageMaker(extraction, chosen, list(shape), session.zone)


async def describe_procedure(session: Session, extraction: Extraction) -> list[Column]:
    """Call a procedure to learn its columns."""
    _ = await _called(session, extraction)
    return list(columns_of(session).values())


async def _called(session: Session, extraction: Extraction) -> Cursor:
    await session.run(SNAPSHOT)
    call = await call_of(session, extraction)
    rows = session.cursor(SSCursor)
    await rows.execute(call)
    if rows.description is None:
        raise refusal("no_result", f"the procedure {extraction.procedure} returns no rows")
    return rows
