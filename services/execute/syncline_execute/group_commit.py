"""Acknowledgements of calls that end while others are being stored: stored together, as one."""

from __future__ import annotations

import asyncio

from syncline.contracts.messages import RunRef
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
            await self._ledger.acknowledge(run, group.written)
        except Exception as error:
            group.error = error
            raise
        group.is_stored = True


class _Group:
    """What is stored by one statement."""

    def __init__(self, written: Acknowledgements) -> None:
        self.written = written
        self.is_stored = False
        self.error: Exception | None = None

    def takes(self, more: Acknowledgements) -> bool:
        """Tell whether there is room; a statement may hold a record once."""
        ids = self.written.source_ids
        return len(ids) + len(more.source_ids) <= MOST and not set(ids) & set(more.source_ids)

    def add(self, more: Acknowledgements) -> None:
        one = self.written
        self.written = Acknowledgements(
            one.source_ids + more.source_ids,
            one.payload_hashes + more.payload_hashes,
            one.row_hashes + more.row_hashes,
            one.target_ids + more.target_ids,
            one.versions + more.versions,
            _owners(one) + _owners(more) if one.owners or more.owners else [],
            one.new and more.new,
        )


class _Run:
    """The acknowledgements of one run that are under way."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.waiting = 0
        self._next: _Group | None = None

    def join(self, written: Acknowledgements) -> _Group:
        """Return the group, not begun yet, that stores this."""
        if self._next is None or not self._next.takes(written):
            self._next = _Group(written)
        else:
            self._next.add(written)
        return self._next

    def close(self, group: _Group) -> None:
        """Let nobody else join a group: its turn has come."""
        if self._next is group:
            self._next = None


def _owners(written: Acknowledgements) -> list[str | None]:
    return written.owners or [None] * len(written.source_ids)
