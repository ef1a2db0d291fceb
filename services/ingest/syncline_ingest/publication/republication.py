"""What was committed before a break and may not be published: it goes on, or has an end."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

import msgspec

from syncline.domain.record import NewBatch
from syncline_ingest.reading.rows import unknown_row
from syncline_ingest.rules import PlannedBatch, Row


class PendingBatches:
    """Committed batches whose rows have to come from the source once more, by reading on."""

    def __init__(self, batches: Sequence[NewBatch]) -> None:
        self._places: dict[str, deque[tuple[int, int]]] = defaultdict(deque)
        self._open: dict[int, NewBatch] = {}
        self._rows: dict[int, dict[int, Row]] = defaultdict(dict)
        for batch in batches:
            self._expect(batch)

    def _expect(self, batch: NewBatch) -> None:
        if batch.rejected is not None:  # its rows stand in the batch itself
            rows = [msgspec.convert(row, Row) for row in batch.rejected]
            self._rows[batch.number] = dict(enumerate(rows))
        for slot, source_id in enumerate(batch.source_ids):
            self._places[source_id].append((batch.number, slot))
        if batch.stage:
            self._open[batch.number] = batch

    @property
    def records(self) -> int:
        """How many records are committed and not published."""
        return sum(len(batch.source_ids) for batch in self._open.values())

    def take(self, rows: Sequence[Row]) -> tuple[list[Row], list[PlannedBatch]]:
        """Take what was waited for out of the rows of a chunk.

        Returns:
            The rows that are new, and the batches that are whole now.
        """
        fresh = []
        for row in rows:
            places = self._places.get(row.source_id)
            if not places:
                fresh.append(row)
                continue
            number, slot = places.popleft()
            if number in self._open and self._open[number].rejected is None:
                self._rows[number][slot] = row
        return fresh, self._whole()

    def rest(self) -> list[PlannedBatch]:
        """Return the batches that are left at the end of the read: the source lost records."""
        for number, batch in self._open.items():
            for slot, source_id in enumerate(batch.source_ids):
                self._rows[number].setdefault(slot, unknown_row(source_id))
        return self._whole()

    @property
    def is_over(self) -> bool:
        return not self._open

    def _whole(self) -> list[PlannedBatch]:
        opened = sorted(self._open.items())
        numbers = [n for n, batch in opened if len(self._rows[n]) == len(batch.source_ids)]
        return [PlannedBatch(self._open.pop(n), _in_order(self._rows.pop(n))) for n in numbers]


def _in_order(rows: dict[int, Row]) -> list[Row]:
    return [row for _, row in sorted(rows.items())]
