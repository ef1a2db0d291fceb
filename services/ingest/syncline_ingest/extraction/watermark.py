"""The rows at the highest cursor value a run has read: the next run reads them again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from syncline.domain.record import TiedRows
from syncline_ingest.rules import Row

MOST = 5_000
"""Rows of one value that are remembered; with more of them the ledger alone tells."""


class TopRows:
    """Collects them, chunk by chunk."""

    def __init__(self) -> None:
        self._value: str | None = None
        self._hashes: dict[str, str] = {}

    def note(self, rows: Iterable[Row], read_to: str | None) -> None:
        """Take the rows of a chunk after which the highest value read is `read_to`."""
        if read_to != self._value:
            self._value, self._hashes = read_to, {}
        for row in rows:
            if row.cursor == read_to and row.row_hash:
                self._hashes[row.source_id] = row.row_hash

    def among(self, rows: Sequence[Row]) -> list[str]:
        """Name the records of a chunk that came before, or come twice, at the very same value."""
        found = []
        if len({row.source_id for row in rows}) < len(rows):
            places = Counter((row.source_id, row.cursor) for row in rows)
            found = [source_id for (source_id, _), count in places.items() if count > 1]
        for row in rows:
            if row.cursor is None or row.cursor != self._value:
                break
            if row.source_id in self._hashes:
                found.append(row.source_id)
        return found

    def remembered(self) -> TiedRows | None:
        """Return what the next run should know, None where there is nothing or too much."""
        if self._value is None or not 0 < len(self._hashes) <= MOST:
            return None
        return TiedRows(self._value, list(self._hashes), list(self._hashes.values()))
