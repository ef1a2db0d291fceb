"""What the write ledger knows of a record, and what is added to it."""

from __future__ import annotations

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """What the ledger knows of one record; hashes are 32 hex digits."""

    payload_hash: str | None
    row_hash: str | None
    target_id: str | None
    run_id: str | None
    version: int
    intent_hash: str | None


class Written(msgspec.Struct):
    """Acknowledged writes; the lists run in parallel, one record at most once."""

    source_ids: list[str]
    payload_hashes: list[str]
    row_hashes: list[str | None]
    target_ids: list[str | None]
    versions: list[int]
