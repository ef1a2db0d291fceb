"""The write ledger's entry of a record, and what is added to it."""

from __future__ import annotations

import msgspec

NOT_KEPT = "0" * 32
"""The payload hash of a record that the target took and does not hold as it was sent."""


class Intent(msgspec.Struct, frozen=True, gc=False):
    """A write that a call has begun and that is not acknowledged, with the hash of its payload.

    Attributes:
        owner: the call; None if an older release began it.
        creates: the target was asked before, and had no such record.
        under_way: seconds for which the call may still take effect; 0 when it has surely ended.
    """

    payload_hash: str
    owner: str | None = None
    creates: bool = False
    under_way: float = 0.0


class LedgerEntry(msgspec.Struct, frozen=True, gc=False):
    """The ledger's entry of one record; run and version are of the last acknowledged write.

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
        """Name the acknowledged write; empty if there was none."""
        return f"{self.run_id}/{self.version}" if self.run_id else ""


class WriteIntents(msgspec.Struct):
    """Writes that one call is about to send; the lists run in parallel.

    A version is that of the last acknowledged write, 0 if there was none; `creates` means that the
    target was asked and has no such record. `seen` has the owner of the intent that was looked into
    before the write was decided on, None if there was none.
    """

    owner: str
    source_ids: list[str]
    payload_hashes: list[str]
    versions: list[int]
    creates: list[bool]
    seen: list[str | None]


class Acknowledgements(msgspec.Struct):
    """Acknowledged writes, one record at most once; parallel lists. No owner: no intent needed.

    `new`: the ledger knew none of the records before they were written.
    """

    source_ids: list[str]
    payload_hashes: list[str]
    row_hashes: list[str | None]
    target_ids: list[str | None]
    versions: list[int]
    owners: list[str | None] = []
    new: bool = False
