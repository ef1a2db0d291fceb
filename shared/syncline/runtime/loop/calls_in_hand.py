"""How much of one run a process has in hand at once, over all partitions.

Each message in hand is in memory several times over: as it came, as objects, and as what is sent. A
big run has messages on every partition, so without a limit a process would hold one of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

CALLS = 4
"""Handler calls that a run may always have in hand."""
BYTES = 1_000_000
"""Bytes of messages up to which it may have more: for many small ones."""


class _InHand(msgspec.Struct):
    """What a run has in hand; those that wait, in their order."""

    calls: int = 0
    size: int = 0
    waiting: deque[tuple[int, asyncio.Future[None]]] = msgspec.field(default_factory=deque)

    def take(self, size: int) -> bool:
        """Take a call in hand, if there is room for it."""
        if self.calls >= CALLS and self.size + size > BYTES:
            return False
        self.calls += 1
        self.size += size
        return True

    def give_back(self, size: int) -> None:
        """Note that a call has ended."""
        self.calls -= 1
        self.size -= size

    async def wait(self, size: int) -> None:
        """Wait for a call's turn, and take it in hand."""
        if not self.waiting and self.take(size):
            return
        turn = asyncio.get_running_loop().create_future()
        entry = size, turn
        self.waiting.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if entry in self.waiting:
                self.waiting.remove(entry)
            else:  # its turn had come
                self.give_back(size)
            raise

    def admit(self) -> None:
        """Let those begin for which there is room now."""
        while self.waiting and self.take(self.waiting[0][0]):
            self.waiting.popleft()[1].set_result(None)


class CallsInHand:
    """Lets handler calls of a run begin, as many as there is room for; others wait in their order.

    Runs do not wait for each other.
    """

    def __init__(self) -> None:
        self._runs: dict[bytes | None, _InHand] = {}

    @asynccontextmanager
    async def call(self, run: bytes | None, size: int) -> AsyncIterator[None]:
        """Wait for room; `size` is in bytes of messages."""
        own = self._runs.setdefault(run, _InHand())
        try:
            await own.wait(size)
            try:
                yield
            finally:
                own.give_back(size)
        finally:
            own.admit()
            if not own.calls:
                self._runs.pop(run, None)
