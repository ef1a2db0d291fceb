"""Reading a source as the suites do, and what a source needs for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from syncline.connectors.port import ExtractRequest, Page
from syncline.contracts.messages import encode
from syncline.domain.mapping.extraction import Extraction
from syncline.testing.connectors.connections import World, item

START = datetime(2026, 1, 1, tzinfo=UTC)


def dated(n: int, minute: int | None, **changes: Any) -> dict[str, Any]:
    """Return a record that was changed in a minute after START, or at no known time."""
    changed = None if minute is None else START + timedelta(minutes=minute)
    return item(n, **({"changed": changed} | changes))


class Source(World, Protocol):
    """A system with records of `id`, `name`, `amount`, `count`, `changed`.

    Attributes:
        extraction: reads them all; its ID column is `id`, its cursor column `changed`.
        unanswerable: extractions that the source cannot answer, with a word its error must hold.
        texts: names of CONTROLS that the source can hold.
        empty_is_null: optional; the source holds an empty text as null.
    """

    extraction: Extraction
    unanswerable: Sequence[tuple[Extraction, str]]
    texts: frozenset[str]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        """Make these the source's records, and mend what a test broke."""


async def pages_of(source: Source, **changes: Any) -> list[Page]:
    request = ExtractRequest(source.extraction, page_size=3)
    request = msgspec.structs.replace(request, **changes)
    return [page async for page in source.connector.extract(request)]


def content_of(page: Page) -> bytes:
    """Return what a page says of the records; when it was read is another time each time."""
    lines = page.lines and (page.lines.data, page.lines.layout)
    whole = msgspec.structs.replace(page, given=page.records, lines=None)
    return encode((msgspec.structs.replace(whole, snapshot=None, position=""), lines))


def ids_of(pages: Sequence[Page]) -> list[str]:
    return [source_id for page in pages for source_id in page.ids]


async def every_resume(
    source: Source, **changes: Any
) -> AsyncIterator[tuple[list[str], list[str]]]:
    """Give what was read before and what is read behind each position of an extraction."""
    whole = await pages_of(source, **changes)
    for place, page in enumerate(whole, 1):
        rest = await pages_of(source, **changes, position=page.position)
        yield ids_of(whole[:place]), ids_of(rest)
