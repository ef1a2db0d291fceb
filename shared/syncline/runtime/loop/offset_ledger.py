"""The offset ledger of one partition: work may finish in any order, only its head is committed."""

from __future__ import annotations

from collections import deque


class OffsetLedger:
    """Tracks what is in flight.

    A commit names the next offset to read; everything below it is finished, so a crash repeats
    work and loses none.
    """

    def __init__(self) -> None:
        self._order: deque[int] = deque()
        self._done: set[int] = set()
        self._next: int | None = None
        self._committed: int | None = None

    def began(self, offset: int) -> None:
        """Note that work on a message began; offsets come in rising order."""
        self._order.append(offset)

    def done(self, offset: int) -> None:
        """Note that a message needs no more work: its outputs are acknowledged."""
        self._done.add(offset)
        while self._order and self._order[0] in self._done:
            head = self._order.popleft()
            self._done.discard(head)
            self._next = head + 1

    def to_commit(self) -> int | None:
        """Return the next offset to read if it has moved since the last commit, else None."""
        return self._next if self._next != self._committed else None

    def committed(self, offset: int) -> None:
        """Note that this offset was committed."""
        self._committed = offset

    @property
    def in_flight(self) -> int:
        """Messages that began and are not done, or wait behind one that is not."""
        return len(self._order)
