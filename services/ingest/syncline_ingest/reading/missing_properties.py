"""Holding a read back while a property is missing that every record had before.

A source whose records may leave out properties gives no error when one is renamed or dropped: the
mapping would read null and write it over good values. So nothing is handed on before a record has
the property, and the run fails where none does.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from syncline.domain.errors import Category, Failure
from syncline_ingest.reading.chunk import Chunk
from syncline_ingest.reading.chunks import SourceError

HELD_ROWS = 10_000
"""Rows after which a property that none of them has is taken for missing."""


async def hold_until_complete(
    stream: AsyncGenerator[Chunk, None], always: frozenset[str], had: frozenset[str]
) -> AsyncGenerator[Chunk, None]:
    """Yield what `stream` yields once each of the properties came in some record.

    Args:
        always: what every record of earlier reads had, and the mapping reads.
        had: what some record of this read had before a break.

    Raises:
        SourceError: no record of the read has one of them, or the stream raised it.
    """
    held: list[Chunk] = []
    missing = always - had
    async with aclosing(stream) as chunks:
        async for chunk in chunks:
            if chunk.had is not None:
                missing -= chunk.had.some
            held.append(chunk)
            if missing and sum(len(each.rows) for each in held) < HELD_ROWS:
                continue
            if missing:
                raise SourceError(_failure(missing))
            for each in held:
                yield each
            held = []
    if held and any(chunk.rows for chunk in held):
        raise SourceError(_failure(missing))
    for each in held:
        yield each


def _failure(missing: frozenset[str]) -> Failure:
    names = ", ".join(f"`{name}`" for name in sorted(missing))
    message = (
        f"no record of the source has {names}, and every record had it in earlier runs: it was "
        "renamed or dropped, or may not be read any more. Correct the source or the mapping; if it "
        "may be missing from now on, give the field a default or save the mapping anew"
    )
    return Failure(Category.PERMANENT, "missing_property", message, field=min(missing))
