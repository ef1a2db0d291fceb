"""Reading again what was committed before a crash and may not have been published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from syncline.domain.record import NewBatch
from syncline_ingest.reading.replay_payloads import ReplayPayloads
from syncline_ingest.reading.source import OpenSource
from syncline_ingest.rows import Rows, join_rows, rows_of_refused, unknown_row

Reread: TypeAlias = Callable[[NewBatch], Awaitable[tuple[Rows, int | None]]]
"""Gives a committed batch's rows, and their version if they were read in another run."""


def reread_rows(opened: OpenSource, payloads: ReplayPayloads) -> Reread:
    """Say how a run's records are read again: from its dead letters, or by ID from the source.

    A record that the source does not know any more comes back as a failed row.
    """

    async def rows_again(new: NewBatch) -> tuple[Rows, int | None]:
        if (kept := await payloads.of_batch(new)) is not None:
            return kept
        found = await opened.source.fetch(new.source_ids, opened.hasher)
        known = set(found.ids)
        if unknown := [unknown_row(i) for i in new.source_ids if i not in known]:
            found = join_rows([found, rows_of_refused(unknown)])
        places = {source_id: place for place, source_id in enumerate(found.ids)}
        return found.part([places[i] for i in new.source_ids]), None

    return rows_again
