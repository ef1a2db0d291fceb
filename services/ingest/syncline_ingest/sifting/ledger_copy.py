"""What the ledger says of a whole stream, copied once, so that most rows need no look-up.

Only an answer "it was written so" is taken from a copy; every other row is looked up. The copy is
as old as it is: a row that another process wrote since may be taken for one that is as it was. So a
run copies only while it reads its source from the beginning, asks no copy about a record that it
has sent itself, and lets go of a copy that is old (docs/decisions/0060).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from syncline.postgres.database.database import Database
from syncline.postgres.ledger.written_rows import row_keys, written_rows
from syncline.runtime.clock import Clock
from syncline_ingest.rows import Rows

MOST_ROWS = 500_000
"""Rows that the copies of a process hold together; one takes about 150 bytes."""
FIRST_FOUND = 2000
"""Rows that look-ups find unchanged before it is worth while to copy."""
MOST_SENT = 50_000
"""Records that a run sends before its copy is of no more use."""
FRESH = 30.0
"""Seconds."""


class LedgerCopies:
    """Gives copies of the ledger, bounded over all runs of a process."""

    def __init__(self, database: Database, clock: Clock, most: int = MOST_ROWS) -> None:
        self._database = database
        self._clock = clock
        self._room = most

    def of(self, stream: int) -> LedgerCopy:
        """Return a copy of what is known of a stream; it fetches nothing yet."""
        return LedgerCopy(self, stream, self._clock)

    async def fetch(self, stream: int) -> set[str]:
        """Fetch the keys of rows that were written. May raise RetriableError.

        The caller gives their room back by `release`.
        """
        most, self._room = self._room, 0
        keys: set[str] = set()
        try:
            if most > 0:
                keys = await written_rows(self._database, stream, most)
        finally:
            self._room += most - len(keys)
        return keys

    def release(self, count: int) -> None:
        self._room += count


class LedgerCopy:
    """What one run knows of the rows of its stream."""

    def __init__(self, copies: LedgerCopies, stream: int, clock: Clock) -> None:
        self._copies = copies
        self._stream = stream
        self._clock = clock
        self._keys: set[str] = set()
        self._until: float | None = None
        self._found = self._others = 0
        self._sent: set[str] = set()
        self._is_over = False

    async def unchanged(self, rows: Rows) -> Sequence[int]:
        """Return the places of rows that were written as they are; of the others it says nothing.

        May raise RetriableError.
        """
        if self._is_over:
            return []
        if self._until is None and self._found >= max(FIRST_FOUND, self._others):
            self._until = self._clock.monotonic() + FRESH  # before it is taken: never too long
            self._keys = await self._copies.fetch(self._stream)
        if self._until is not None and self._clock.monotonic() > self._until:
            self.close()
        keys = self._keys
        if not keys:
            return []
        asked = row_keys(rows.ids, rows.hashes)
        if keys.issuperset(asked):  # faster than to look at them one by one
            places: Sequence[int] = range(len(rows))
        else:
            places = [place for place, key in enumerate(asked) if key in keys]
        if not self._sent.isdisjoint(rows.ids):
            places = [p for p in places if rows.ids[p] not in self._sent]
        return places

    def note(self, found: int, sent: Collection[str]) -> None:
        """Note how many rows a look-up found unchanged, and the records that are sent."""
        if self._is_over:
            return
        self._found += found
        self._others += len(sent)
        self._sent.update(sent)
        if len(self._sent) > MOST_SENT:
            self.close()

    def close(self) -> None:
        """Let go of the copy, for good."""
        self._is_over = True
        self._copies.release(len(self._keys))
        self._keys = set()
        self._sent = set()
