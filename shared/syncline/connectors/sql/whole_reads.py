"""Records by their IDs, of a source that can only be read whole: a procedure."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from syncline.connectors.port import Page
from syncline.domain.columns import Columns
from syncline.domain.record import Record


async def records_with(ids: Sequence[str], pages: AsyncGenerator[Page, None]) -> Page:
    """Read all pages, and return just the records with these IDs."""
    wanted = {*ids}
    found = Page([], [], None, "")
    records: list[Record] = []
    async with aclosing(pages):
        async for page in pages:
            part = page.part([place for place, i in enumerate(page.ids) if i in wanted])
            found.bad |= {len(records) + place: failure for place, failure in part.bad.items()}
            found.ids += part.ids
            found.cursors += part.cursors
            found.columns = page.columns
            records += part.records.records()
    return msgspec.structs.replace(found, given=Columns.of(records))
