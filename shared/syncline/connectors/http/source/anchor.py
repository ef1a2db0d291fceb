"""Asking from the last bookmark instead of counting pages on. Pure.

While a read counts pages, a record that changes moves to the end of the order: all behind it move
up by one, and the one at the page's border is passed over. A read that asks from the last cursor
value it saw has nothing before it that could move.
"""

from __future__ import annotations

import msgspec

from syncline.connectors.http.settings.extraction import Source
from syncline.connectors.http.source.paging import COUNTING, PagePosition, first_position
from syncline.connectors.port import Page


def without_seen(source: Source, position: PagePosition, page: Page) -> Page:
    """Leave out the records at the bookmark itself that were given before it was asked from."""
    if not position.seen:
        return page
    seen = set(position.seen)
    return page.part(
        [
            n
            for n, (id_, cursor) in enumerate(zip(page.ids, page.cursors, strict=True))
            if id_ not in seen or cursor is None or source.bookmarks.at(cursor) != position.cursor
        ]
    )


def anchored_position(
    source: Source, position: PagePosition, page: Page, counted: PagePosition | None
) -> PagePosition | None:
    """Return where the read goes on: from the page's last bookmark, where that is a step.

    A page with one bookmark only is counted on from, as is a read that began without a bookmark:
    asking for one would leave out the records that have none.

    Args:
        page: the answer as it came.
        counted: the next position by counting.
    """
    is_counting = source.paging.type in COUNTING and source.options.ordered and not position.stable
    if counted is None or not is_counting or position.cursor is None or None in page.cursors:
        return counted
    written = [source.bookmarks.at(cursor) for cursor in page.cursors if cursor is not None]
    if not written or written[0] == written[-1]:
        return counted
    last = written[-1]
    seen = tuple(i for i, value in zip(page.ids, written, strict=True) if value == last)
    anew = first_position(source.paging, last, position.size)
    return msgspec.structs.replace(anew, size=position.size, seen=seen)
