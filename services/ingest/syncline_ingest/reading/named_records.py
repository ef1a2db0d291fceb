"""Chunks of a run that names its records: fetched by ID, or taken from dead letters."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline.domain.dead_letter.patch import edited as apply_edit
from syncline.domain.dead_letter.replay import ReplayItem
from syncline.domain.errors import Category, Failure, InvalidInputError
from syncline.domain.record import JsonObject, Record, check_record
from syncline_ingest.reading.chunk import Chunk, Hasher
from syncline_ingest.reading.chunks import Source
from syncline_ingest.rows import RefusedRow, Rows, rows_of_refused

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
    source: Source, items: Sequence[ReplayItem], replay: JsonObject, done: int, hasher: Hasher
) -> AsyncGenerator[Chunk, None]:
    """Stream the payloads of dead letters to where they failed, or re-fetch their records.

    Args:
        replay: the request's replay block.
        done: how many items were committed before an interruption.
    """
    edits = replay.get("edits") or {}
    size = FIRST_FETCH
    while done < len(items):
        if again := _read_again_together(items[done : done + size], replay):
            done += len(again)
            rows = await source.fetch(again, hasher)
            size = _fetch_size(rows)
            yield Chunk(rows, str(done))
            continue
        item = items[done]
        done += 1
        rows = edited(item, edits.get(item.id))
        yield Chunk(rows, str(done), Stage(item.stage), item.version)


def _read_again_together(items: Sequence[ReplayItem], replay: JsonObject) -> list[str]:
    """Return the records at the head of the list that one call can read, each once."""
    ids: dict[str, None] = {}
    for item in items:
        if item.source_id in ids or not is_read_again(item, replay):
            break
        ids[item.source_id] = None
    return list(ids)


def is_read_again(item: ReplayItem, replay: JsonObject) -> bool:
    """Tell whether a dead letter's record comes from the source, not from its payload."""
    from_source = replay.get("fromStage") == Stage.INGEST
    return from_source or item.stage == Stage.INGEST or item.payload is None


def edited(item: ReplayItem, patch: list[JsonObject] | None) -> Rows:
    """Return a dead letter's payload, with a person's JSON Patch applied, as the only row."""
    data = item.payload or b"null"
    if not patch:
        return _row(item, decoder_of(Record).decode(data), len(data), item.row_hash or "")
    try:
        changed = apply_edit(decoder_of(object).decode(data), patch)
    except InvalidInputError as error:
        failure = Failure(Category.PERMANENT, "edit_failed", error.problems[0].message)
        return rows_of_refused([RefusedRow(item.source_id, None, data, "", failure)])
    # Without a row hash: the source never said this.
    data = encode(changed)
    if (refused := check_record(item.source_id, len(data))) is not None:
        return rows_of_refused([RefusedRow(item.source_id, None, data, "", refused)])
    return _row(item, changed, len(data), "")


def _row(item: ReplayItem, record: Record, size: int, row_hash: str) -> Rows:
    return Rows([item.source_id], [None], [row_hash], Columns.of([record]), [size])
