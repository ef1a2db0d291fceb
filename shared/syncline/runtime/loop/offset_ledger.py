"""The offset ledger of one partition: messages may finish in any order; offsets commit in order."""

from __future__ import annotations

from collections import deque


class OffsetLedger:
    """Tracks messages that are under way.

    A commit names the next offset to read. All messages below it are finished, so a crash repeats
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
        """Note that a message is finished: its outputs are acknowledged."""
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
        """Messages that are not done, and those after one that is not."""
        return len(self._order)
