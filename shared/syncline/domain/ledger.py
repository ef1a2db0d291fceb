"""What the write ledger knows of a record, and what is added to it."""

from __future__ import annotations

import msgspec


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A write that was begun by a call and not acknowledged, with the hash of what was sent.

    Attributes:
        owner: the call; None where an older release began it.
        creates: the target was asked before, and had no such record.
        under_way: seconds for which the call may still have its effect; 0 when it has surely ended.
    """

    payload_hash: str
    owner: str | None = None
    creates: bool = False
    under_way: float = 0.0


class LedgerEntry(msgspec.Struct, frozen=True, gc=False):
    """What the ledger knows of one record; run and version name the write last acknowledged.

    Hashes are 32 hex digits.
    """

    payload_hash: str | None
    row_hash: str | None
    target_id: str | None
    run_id: str | None
    version: int
    intent: Intent | None = None

    @property
    def write(self) -> str:
        """Name the acknowledged write; empty where there was none."""
        return f"{self.run_id}/{self.version}" if self.run_id else ""


class WriteIntents(msgspec.Struct):
    """Writes that are about to be sent by one call; the lists run in parallel.

    A version is that of the write acknowledged before, 0 where there was none; `creates` says that
    the target was asked and has no such record.
    """

    owner: str
    source_ids: list[str]
    payload_hashes: list[str]
    versions: list[int]
    creates: list[bool]


class Acknowledgements(msgspec.Struct):
    """Acknowledged writes, one record at most once; parallel lists. No owner: no intent needed.

    Attributes:
        new: the ledger knew none of the records before they were written.
    """

    source_ids: list[str]
    payload_hashes: list[str]
    row_hashes: list[str | None]
    target_ids: list[str | None]
    versions: list[int]
    owners: list[str | None] = []
    new: bool = False
