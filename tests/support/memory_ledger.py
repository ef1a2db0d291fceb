"""The write ledger in memory; `suites/write_ledger.py` holds it to what the database does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.contracts.run_ref import RunRef
from syncline.domain.ledger import Acknowledgements, Intent, LedgerEntry, WriteIntents
from syncline.domain.run import Notice
from syncline.runtime.clock import Clock


class _Intent(msgspec.Struct):
    payload_hash: str
    owner: str
    creates: bool
    until: float


class _Row(msgspec.Struct):
    payload_hash: str | None = None
    row_hash: str | None = None
    target_id: str | None = None
    run_id: str | None = None
    version: int = 0
    intent: _Intent | None = None


class MemoryLedger:
    """Fits syncline_execute.ports.WriteLedger and RowNames; no two mappings are alike."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[tuple[int, str], _Row] = {}
        self.notices: list[Notice] = []

    async def entries(self, stream: int, source_ids: Sequence[str]) -> dict[str, LedgerEntry]:
        rows = {i: self._rows[stream, i] for i in source_ids if (stream, i) in self._rows}
        return {source_id: self._entry(row) for source_id, row in rows.items()}

    def _entry(self, row: _Row) -> LedgerEntry:
        intent = None
        if row.intent is not None:
            left = max(row.intent.until - self._clock.monotonic(), 0.0)
            held = row.intent
            intent = Intent(held.payload_hash, held.owner, held.creates, left)
        return LedgerEntry(
            row.payload_hash, row.row_hash, row.target_id, row.run_id, row.version, intent
        )

    async def intend(self, run: RunRef, begun: WriteIntents, seconds: float) -> set[str]:
        now, ours = self._clock.monotonic(), set()
        for place, source_id in enumerate(begun.source_ids):
            row = self._rows.get((run.stream, source_id), _Row())
            owner = row.intent.owner if row.intent is not None else None
            is_free = row.intent is None or row.intent.until <= now
            is_known = (row.version, owner) == (begun.versions[place], begun.seen[place])
            if is_known and is_free:
                ours.add(source_id)
                self._rows[run.stream, source_id] = row
                if row.intent is not None:
                    row.payload_hash = row.row_hash = None
                row.intent = _Intent(
                    begun.payload_hashes[place], begun.owner, begun.creates[place], now + seconds
                )
        return ours

    async def renew(
        self, stream: int, source_ids: Sequence[str], owner: str, seconds: float
    ) -> set[str]:
        now, ours = self._clock.monotonic(), set()
        for source_id in source_ids:
            for row in self._of(stream, [source_id]):
                held = row.intent is not None and row.intent.owner == owner
                if row.intent is not None and held and row.intent.until > now:
                    row.intent.until = now + seconds
                    ours.add(source_id)
        return ours

    async def acknowledge(self, run: RunRef, written: Acknowledgements) -> None:
        owners = written.owners or [None] * len(written.source_ids)
        for place, source_id in enumerate(written.source_ids):
            row = self._rows.setdefault((run.stream, source_id), _Row())
            if row.version > written.versions[place]:
                continue
            row.payload_hash = written.payload_hashes[place]
            row.row_hash = written.row_hashes[place]
            row.target_id = written.target_ids[place] or row.target_id
            row.run_id, row.version = run.id, written.versions[place]
            if row.intent is not None and row.intent.owner == owners[place]:
                row.intent = None

    async def withdraw(self, stream: int, source_ids: Sequence[str], owner: str) -> None:
        for row in self._of(stream, source_ids):
            if row.intent is not None and row.intent.owner == owner:
                row.intent = None

    async def doubt(
        self, stream: int, source_ids: Sequence[str], owner: str | None, seconds: float | None
    ) -> None:
        for row in self._of(stream, source_ids):
            held = row.intent is not None and row.intent.owner == owner
            if held or owner is None:
                row.payload_hash = row.row_hash = None
            if row.intent is not None and held and seconds is not None:
                row.intent.until = self._clock.monotonic() + seconds

    async def refresh(
        self, stream: int, source_ids: Sequence[str], row_hashes: Sequence[str]
    ) -> None:
        for source_id, row_hash in zip(source_ids, row_hashes, strict=True):
            for row in self._of(stream, [source_id]):
                row.row_hash = row_hash

    def _of(self, stream: int, source_ids: Sequence[str]) -> list[_Row]:
        return [self._rows[stream, i] for i in source_ids if (stream, i) in self._rows]

    # Target IDs as names of rows: fits syncline_execute.ports.RowNames.

    async def runs_alike(self, run: RunRef, run_ids: Sequence[str]) -> set[str]:
        return set()

    async def shared(
        self, stream: int, source_ids: Sequence[str], target_ids: Sequence[str]
    ) -> list[tuple[str, str, str]]:
        return [
            (source_id, other, target_id)
            for source_id, target_id in zip(source_ids, target_ids, strict=True)
            for (of, other), row in self._rows.items()
            if of == stream and other != source_id and row.target_id == target_id
        ]

    async def add_notice(self, run: RunRef, notice: Notice) -> None:
        self.notices.append(notice)
