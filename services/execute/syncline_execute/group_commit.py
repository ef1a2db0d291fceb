"""Acknowledgements of calls that end while others are being stored: stored together, as one."""

from __future__ import annotations

import asyncio

from syncline.contracts.run_ref import RunRef
from syncline.domain.ledger import Acknowledgements
from syncline_execute.ports import WriteLedger

MOST = 5_000
"""Records of one statement, unless a single call has more."""


class GroupCommit:
    """Stores acknowledgements; while a run's are being stored, those that come wait together."""

    def __init__(self, ledger: WriteLedger) -> None:
        self._ledger = ledger
        self._runs: dict[str, _Run] = {}

    async def acknowledge(self, run: RunRef, written: Acknowledgements) -> None:
        """Store what a call wrote; it is stored on return. Raises RetriableError."""
        own = self._runs.setdefault(run.id, _Run())
        group = own.join(written)
        own.waiting += 1
        try:
            async with own.turn:
                own.close(group)
                if group.is_stored:
                    return
                if group.error is not None:
                    raise group.error
                await self._store(run, group)
        finally:
            own.waiting -= 1
            if not own.waiting:
                self._runs.pop(run.id, None)

    async def _store(self, run: RunRef, group: _Group) -> None:
        """Store a group; whoever is next does it where this call is cut off."""
        try:
            await self._ledger.acknowledge(run, group.joined())
        except Exception as error:
            group.error = error
            raise
        group.is_stored = True


class _Group:
    """What is stored by one statement, which may hold a record once."""

    def __init__(self) -> None:
        self.is_stored = False
        self.error: Exception | None = None
        self._parts: list[Acknowledgements] = []
        self._ids: set[str] = set()

    def take(self, more: Acknowledgements) -> bool:
        """Add what a call wrote, if there is room for it."""
        ids = more.source_ids
        if self._ids and (len(self._ids) + len(ids) > MOST or not self._ids.isdisjoint(ids)):
            return False
        self._parts.append(more)
        self._ids.update(ids)
        return True

    def joined(self) -> Acknowledgements:
        """Return all that was added."""
        parts = self._parts
        if len(parts) == 1:
            return parts[0]
        return Acknowledgements(
            [value for part in parts for value in part.source_ids],
            [value for part in parts for value in part.payload_hashes],
            [value for part in parts for value in part.row_hashes],
            [value for part in parts for value in part.target_ids],
            [value for part in parts for value in part.versions],
            [value for part in parts for value in part.owners or [None] * len(part.source_ids)],
            all(part.new for part in parts),
        )


class _Run:
    """The acknowledgements of one run that are under way."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.waiting = 0
        self._next: _Group | None = None

    def join(self, written: Acknowledgements) -> _Group:
        """Return the group, not begun yet, that stores this."""
        if self._next is None or not self._next.take(written):
            self._next = _Group()
            self._next.take(written)
        return self._next

    def close(self, group: _Group) -> None:
        """Let nobody else join a group: its turn has come."""
        if self._next is group:
            self._next = None
