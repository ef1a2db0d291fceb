"""The payloads of the dead letters that a run replays, read a few at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from syncline.contracts.messages import decoder_of, encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns
from syncline.domain.dead_letter.patch import edited as apply_edit
from syncline.domain.dead_letter.replay import ReplayItem
from syncline.domain.errors import Category, Failure, InvalidInputError
from syncline.domain.record import JsonObject, NewBatch, Record, check_record
from syncline_ingest.rows import RefusedRow, Rows, join_rows, rows_of_refused

MOST = 100
"""Payloads that are in memory at once."""
MOST_BYTES = 4_000_000
"""Their bytes, about; one that is longer comes alone."""

PayloadLookup: TypeAlias = Callable[[Sequence[str]], Awaitable[dict[str, bytes]]]
"""Returns the payloads of dead letters by ID, without those that are gone."""


class ReplayPayloads:
    """Payloads as rows, with a person's edits applied.

    Args:
        items: all dead letters of the replay.
        replay: the request's replay block.
    """

    def __init__(
        self, lookup: PayloadLookup, items: Sequence[ReplayItem], replay: JsonObject
    ) -> None:
        self._lookup = lookup
        self._replay = replay
        kept = (item for item in items if not self.is_read_again(item))
        self._kept = {(item.stage, item.source_id): item for item in kept}

    def is_read_again(self, item: ReplayItem) -> bool:
        """Tell whether a dead letter's record comes from the source, not from its payload."""
        from_source = self._replay.get("fromStage") == Stage.INGEST
        return from_source or item.stage == Stage.INGEST or item.size is None

    def head(self, items: Sequence[ReplayItem]) -> Sequence[ReplayItem]:
        """Return what of the list's beginning may be in memory at once: at least one item."""
        size = 0
        for count, item in enumerate(items[:MOST]):
            size += item.size or 0
            if self.is_read_again(item) or (count and size > MOST_BYTES):
                return items[:count]
        return items[:MOST]

    async def rows(self, items: Sequence[ReplayItem]) -> list[Rows]:
        """Return one row for each item. May raise RetriableError."""
        found = await self._lookup([item.id for item in items])
        edits = self._replay.get("edits") or {}
        return [_row(item, found.get(item.id), edits.get(item.id)) for item in items]

    async def of_batch(self, new: NewBatch) -> tuple[Rows, int] | None:
        """Return a batch's rows and their version, None if its records come from the source.

        May raise RetriableError.
        """
        items = [self._kept.get((new.stage, source_id)) for source_id in new.source_ids]
        kept = [item for item in items if item is not None]
        if not kept or len(kept) < len(items):
            return None
        return join_rows(await self.rows(kept)), kept[0].version


def _row(item: ReplayItem, data: bytes | None, patch: list[JsonObject] | None) -> Rows:
    if data is None:
        failure = Failure(
            Category.PERMANENT, "payload_gone", "the payload of this dead letter was removed"
        )
        return rows_of_refused([RefusedRow(item.source_id, None, b"null", "", failure)])
    if not patch:
        return _one(item, decoder_of(Record).decode(data), len(data), item.row_hash or "")
    try:
        changed = apply_edit(decoder_of(object).decode(data), patch)
    except InvalidInputError as error:
        failure = Failure(Category.PERMANENT, "edit_failed", error.problems[0].message)
        return rows_of_refused([RefusedRow(item.source_id, None, data, "", failure)])
    # Without a row hash: the source never said this.
    data = encode(changed)
    if (refused := check_record(item.source_id, len(data))) is not None:
        return rows_of_refused([RefusedRow(item.source_id, None, data, "", refused)])
    return _one(item, changed, len(data), "")


def _one(item: ReplayItem, record: Record, size: int, row_hash: str) -> Rows:
    return Rows([item.source_id], [None], [row_hash], Columns.of([record]), [size])
