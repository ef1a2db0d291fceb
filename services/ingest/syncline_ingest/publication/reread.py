"""Reading again what was committed before a crash and may not have been published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from syncline.domain.dead_letter.replay import ReplayItem
from syncline.domain.record import NewBatch
from syncline.domain.run import Run
from syncline_ingest.reading.named_records import edited, is_read_again
from syncline_ingest.reading.source import OpenSource
from syncline_ingest.rows import Rows, join_rows, rows_of_refused, unknown_row

Reread: TypeAlias = Callable[[NewBatch], Awaitable[tuple[Rows, int | None]]]
"""Gives a committed batch's rows, and their version if they were read in another run."""


def reread_rows(run: Run, opened: OpenSource, items: Sequence[ReplayItem]) -> Reread:
    """Say how a run's records are read again: from its dead letters, or by ID from the source.

    A record that the source does not know any more comes back as a failed row.
    """
    replay = run.replay or {}
    edits = replay.get("edits") or {}
    kept = {(i.stage, i.source_id): i for i in items if not is_read_again(i, replay)}

    async def rows_again(new: NewBatch) -> tuple[Rows, int | None]:
        held = [kept[key] for name in new.source_ids if (key := (new.stage, name)) in kept]
        if held and len(held) == len(new.source_ids):
            return join_rows([edited(i, edits.get(i.id)) for i in held]), held[0].version
        found = await opened.source.fetch(new.source_ids, opened.hasher)
        known = set(found.ids)
        if unknown := [unknown_row(i) for i in new.source_ids if i not in known]:
            found = join_rows([found, rows_of_refused(unknown)])
        places = {source_id: place for place, source_id in enumerate(found.ids)}
        return found.part([places[i] for i in new.source_ids]), None

    return rows_again
