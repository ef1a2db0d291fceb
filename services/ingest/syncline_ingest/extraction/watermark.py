"""The rows at the highest cursor value a run has read: the next run reads them again. Pure."""

from __future__ import annotations

from collections import Counter

from syncline.domain.record import TiedRows
from syncline_ingest.rows import Rows

MOST = 5_000
"""Rows of one value that are remembered; with more of them the ledger alone tells."""


class TopRows:
    """Collects them, chunk by chunk."""

    def __init__(self) -> None:
        self._value: str | None = None
        self._hashes: dict[str, str] = {}

    def note(self, rows: Rows, read_to: str | None) -> None:
        """Take the rows of a chunk after which the highest value read is `read_to`."""
        if read_to != self._value:
            self._value, self._hashes = read_to, {}
        if read_to is None or read_to not in rows.cursors:
            return
        for place in range(rows.cursors.index(read_to), len(rows)):
            if rows.cursors[place] == read_to and rows.hashes[place]:
                self._hashes[rows.ids[place]] = rows.hashes[place]

    def among(self, rows: Rows) -> list[str]:
        """Name the records of a chunk that came before, or come twice, at the very same value."""
        found = []
        if len(set(rows.ids)) < len(rows):
            counts = Counter(zip(rows.ids, rows.cursors, strict=True))
            found = [source_id for (source_id, _), count in counts.items() if count > 1]
        for source_id, cursor in zip(rows.ids, rows.cursors, strict=True):
            if cursor is None or cursor != self._value:
                break
            if source_id in self._hashes:
                found.append(source_id)
        return found

    def remembered(self) -> TiedRows | None:
        """Return what the next run should know, None where there is nothing or too much."""
        if self._value is None or not 0 < len(self._hashes) <= MOST:
            return None
        return TiedRows(self._value, list(self._hashes), list(self._hashes.values()))
