"""Chunks of a run that names its records: fetched by ID, or taken from dead letters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from syncline.contracts.topics import Stage
from syncline.domain.dead_letter.replay import ReplayItem
from syncline_ingest.reading.chunk import Chunk, Hasher
from syncline_ingest.reading.chunks import Source
from syncline_ingest.reading.replay_payloads import ReplayPayloads
from syncline_ingest.rows import Rows

FETCH_SIZE = 500
FIRST_FETCH = 50
"""Records of a first fetch, which shows how long they are."""
FETCH_BYTES = 4_000_000
"""Bytes of records that a later one brings, about."""


async def by_ids(
    source: Source, ids: Sequence[str], done: int, hasher: Hasher
) -> AsyncGenerator[Chunk, None]:
    """Stream the records of a run that was limited to source IDs.

    Args:
        done: how many of them were committed before an interruption.
    """
    size = FIRST_FETCH
    while done < len(ids):
        part = ids[done : done + size]
        done += len(part)
        rows = await source.fetch(part, hasher)
        size = _fetch_size(rows)
        yield Chunk(rows, str(done))


def _fetch_size(rows: Rows) -> int:
    """Say how many records that are as long as these may be fetched at once."""
    return max(1, min(FETCH_SIZE, FETCH_BYTES * len(rows) // max(sum(rows.sizes), 1)))


async def from_letters(
    source: Source,
    items: Sequence[ReplayItem],
    payloads: ReplayPayloads,
    done: int,
    hasher: Hasher,
) -> AsyncGenerator[Chunk, None]:
    """Stream the payloads of dead letters to where they failed, or re-fetch their records.

    Args:
        done: how many items were committed before an interruption.
    """
    size = FIRST_FETCH
    while done < len(items):
        if again := _read_again_together(items[done : done + size], payloads):
            done += len(again)
            rows = await source.fetch(again, hasher)
            size = _fetch_size(rows)
            yield Chunk(rows, str(done))
            continue
        kept = payloads.head(items[done:])
        for item, row in zip(kept, await payloads.rows(kept), strict=True):
            done += 1
            yield Chunk(row, str(done), Stage(item.stage), item.version)


def _read_again_together(items: Sequence[ReplayItem], payloads: ReplayPayloads) -> list[str]:
    """Return the records at the head of the list that one call can read, each once."""
    ids: dict[str, None] = {}
    for item in items:
        if item.source_id in ids or not payloads.is_read_again(item):
            break
        ids[item.source_id] = None
    return list(ids)
