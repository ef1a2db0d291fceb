"""What Execute does with one record, given what the ledger knows. Spec sections 3 and 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.ledger import Entry

SHORT_WAIT = 10.0
"""Seconds up to which a target's `Retry-After` is waited for on the spot."""


class Decision(Enum):
    """What to do with a record."""

    SEND = auto()
    """Write it to the target."""
    PROBE = auto()
    """A write was begun and its answer lost: ask the target before sending anything."""
    WRITTEN = auto()
    """This run wrote it already; the message came twice. Success, nothing is sent."""
    UNCHANGED = auto()
    """The target has exactly this. Skipped."""
    SUPERSEDED = auto()
    """A newer version was written since. Skipped."""


class Item(msgspec.Struct):
    """One record on its way to the target.

    Attributes:
        batch, place: where it came from: index of the batch in the call, index in its lists.
        version: when it was read; the higher one is the newer version.
        target_id: known ID at the target.
    """

    batch: int
    place: int
    source_id: str
    payload: bytes
    payload_hash: str
    row_hash: str | None
    version: int
    target_id: str | None = None


def decide(item: Item, entry: Entry | None, run_id: str, *, smart_sync: bool) -> Decision:
    """Decide about one record.

    Args:
        entry: what the ledger knows of it, None if nothing.
        run_id: the run it belongs to.
        smart_sync: whether an equal payload may be skipped.
    """
    if entry is None:
        return Decision.SEND
    same = entry.payload_hash == item.payload_hash
    if same and entry.run_id == run_id and entry.intent_hash is None:
        return Decision.WRITTEN
    if entry.version > item.version:
        return Decision.SUPERSEDED
    if entry.intent_hash is not None:  # the target may hold that payload instead
        return Decision.PROBE
    return Decision.UNCHANGED if same and smart_sync else Decision.SEND


def rounds(items: Sequence[Item]) -> list[list[Item]]:
    """Part items so that no round holds a record twice and versions keep their order."""
    seen: dict[str, int] = {}
    parted: list[list[Item]] = []
    for item in items:
        turn = seen.get(item.source_id, -1) + 1
        seen[item.source_id] = turn
        if turn == len(parted):
            parted.append([])
        parted[turn].append(item)
    return parted


def was_applied(item: Item, entry: Entry, found: str | None) -> bool:
    """Tell whether a probe shows that the lost write was applied after all.

    Only a creation can be told from outside: the record was unknown before and is there now.
    """
    return found is not None and entry.target_id is None and entry.intent_hash == item.payload_hash


def by_decision(
    items: Sequence[Item], entries: Mapping[str, Entry], run_id: str, *, smart_sync: bool
) -> dict[Decision, list[Item]]:
    """Group items by what is to be done, and give each its known target ID."""
    grouped: dict[Decision, list[Item]] = {decision: [] for decision in Decision}
    for item in items:
        entry = entries.get(item.source_id)
        if entry is not None:
            item.target_id = entry.target_id
        grouped[decide(item, entry, run_id, smart_sync=smart_sync)].append(item)
    return grouped


def busy(failures: Mapping[int, Failure]) -> tuple[float, list[int]]:
    """Return the longest short wait that a target asks for, and for which records it does.

    Only what was certainly not written: an ambiguous failure is looked into before it is sent.
    """
    waits = {
        place: failure.retry_after
        for place, failure in failures.items()
        if failure.retry_after is not None
        and 0 < failure.retry_after <= SHORT_WAIT
        and failure.category is Category.TRANSIENT
        and not failure.ambiguous
    }
    return max(waits.values(), default=0.0), sorted(waits)
