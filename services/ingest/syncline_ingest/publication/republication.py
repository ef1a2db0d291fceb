"""What was committed before a break and may not be published: it goes on, or has an end."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from syncline.domain.record import NewBatch
from syncline_ingest.rows import (
    RefusedRow,
    Rows,
    join_rows,
    rows_of_refused,
    unknown_row,
)

WholeBatch: TypeAlias = tuple[NewBatch, Rows]
"""A committed batch with all of its rows, in their order."""


def rejected_rows(batch: NewBatch) -> Rows:
    """Return the rows of a batch of records that could not travel: they stand in it themselves."""
    return rows_of_refused(msgspec.convert(batch.rejected or [], list[RefusedRow]))


class PendingBatches:
    """Committed batches whose rows have to come from the source once more, by reading on."""

    def __init__(self, batches: Sequence[NewBatch]) -> None:
        self._places: dict[str, deque[tuple[int, int]]] = defaultdict(deque)
        self._open: dict[int, NewBatch] = {}
        self._rows: dict[int, dict[int, Rows]] = defaultdict(dict)  # one row each, by slot
        for batch in batches:
            self._expect(batch)

    def _expect(self, batch: NewBatch) -> None:
        if batch.rejected is not None:
            rows = rejected_rows(batch)
            self._rows[batch.number] = {n: rows.part([n]) for n in range(len(rows))}
        for slot, source_id in enumerate(batch.source_ids):
            self._places[source_id].append((batch.number, slot))
        if batch.stage:
            self._open[batch.number] = batch

    @property
    def records(self) -> int:
        """How many records are committed and not published."""
        return sum(len(batch.source_ids) for batch in self._open.values())

    def take(self, rows: Rows) -> tuple[Sequence[int], list[WholeBatch]]:
        """Take what was waited for out of the rows of a chunk.

        Returns:
            The places of the rows that are new, and the batches that are whole now.
        """
        fresh = []
        for place, source_id in enumerate(rows.ids):
            places = self._places.get(source_id)
            if not places:
                fresh.append(place)
                continue
            number, slot = places.popleft()
            if number in self._open and self._open[number].rejected is None:
                self._rows[number][slot] = rows.part([place])
        return fresh, self._whole()

    def rest(self) -> list[WholeBatch]:
        """Return the batches that are left at the end of the read: the source lost records."""
        for number, batch in self._open.items():
            for slot, source_id in enumerate(batch.source_ids):
                if slot not in self._rows[number]:
                    self._rows[number][slot] = rows_of_refused([unknown_row(source_id)])
        return self._whole()

    @property
    def is_over(self) -> bool:
        return not self._open

    def _whole(self) -> list[WholeBatch]:
        opened = sorted(self._open.items())
        numbers = [n for n, batch in opened if len(self._rows[n]) == len(batch.source_ids)]
        return [(self._open.pop(n), _in_order(self._rows.pop(n))) for n in numbers]


def _in_order(rows: dict[int, Rows]) -> Rows:
    return join_rows([row for _, row in sorted(rows.items())])
