"""What Execute does with one record, given what the ledger knows. Spec sections 3 and 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from itertools import repeat

import msgspec

from syncline.contracts.bundle import Bundle, encoded_payloads
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.ledger import NOT_KEPT, Intent, LedgerEntry
from syncline.domain.mapping.hashes import payload_hashes

SHORT_WAIT = 10.0
"""Seconds up to which a target's `Retry-After` is waited for on the spot."""
UNDER_WAY = "write_under_way"
AMBIGUOUS = Failure(
    Category.PERMANENT,
    "ambiguous_write",
    "the target's answer was lost, and whether it took the record cannot be told: check the "
    "target, then replay or discard",
)


class Decision(Enum):
    """What to do with a record."""

    SEND = auto()
    """Write it to the target."""
    WAIT = auto()
    """A write of it is under way: look again when that has surely ended."""
    PROBE = auto()
    """A write was begun and its answer lost: ask the target before sending anything."""
    WRITTEN = auto()
    """This run wrote it already; the message came twice. Success, nothing is sent."""
    UNCHANGED = auto()
    """The target has exactly this. Skipped."""
    SUPERSEDED = auto()
    """A newer version was written since. Skipped."""


class Item(msgspec.Struct, gc=False):
    """One record on its way to the target.

    Attributes:
        bundle, place: where it came from: index of the bundle in the call, index in its lists.
        columns, lines: of the bundle, in which its payload stands at `place`.
        version: when it was read; the higher one is the newer version.
        target_id: known ID at the target.
        entry: what the ledger knows of it.
        owner: the call whose intent is answered when this is acknowledged.
        asked: the target was asked for it; without a `target_id` it has no such record.
    """

    bundle: int
    place: int
    source_id: str
    columns: Columns
    lines: bytes | None
    payload: bytes
    payload_hash: str
    row_hash: str | None
    version: int
    target_id: str | None = None
    entry: LedgerEntry | None = None
    owner: str | None = None
    asked: bool = False

    @property
    def seen_owner(self) -> str | None:
        """The call whose intent the ledger held when the write was decided on."""
        intent = self.entry.intent if self.entry else None
        return intent.owner if intent else None


def items_of(
    bundles: Sequence[Bundle], *, lines: bool = False, on_create: Sequence[str] = ()
) -> list[Item]:
    """Flatten bundles of a run into items with their hashes.

    Args:
        lines: the target `reads_lines`.
        on_create: fields of creations alone; they are no part of a hash, so a change of them sends
            nothing.
    """
    items: list[Item] = []
    for number, bundle in enumerate(bundles):
        encoded = encoded_payloads(bundle.columns, lines=lines)
        payloads = encoded.objects
        rest = bundle.columns.without(on_create) if on_create else None
        hashed = encoded_payloads(rest).objects if rest is not None else payloads
        hashes = payload_hashes(hashed, bundle.run.target)
        rows = [row or None for row in bundle.row_hashes] or [None] * len(payloads)
        versions = [batch.version for batch in bundle.batches for _ in batch.slots]
        items += map(
            Item,
            repeat(number),
            range(len(payloads)),
            bundle.ids,
            repeat(bundle.columns),
            repeat(encoded.lines),
            payloads,
            hashes,
            rows,
            versions,
        )
    return items


def decide(item: Item, entry: LedgerEntry | None, run_id: str, *, smart_sync: bool) -> Decision:
    """Decide about one record.

    Args:
        entry: what the ledger knows of it, None if nothing.
        run_id: the run it belongs to.
        smart_sync: whether an equal payload may be skipped.
    """
    if entry is None:
        return Decision.SEND
    same = entry.payload_hash == item.payload_hash
    if entry.run_id == run_id and entry.payload_hash != NOT_KEPT:
        if entry.version == item.version:  # what came after it, and may be lost, is newer
            return Decision.WRITTEN
        if same and entry.intent is None:
            return Decision.WRITTEN
    if entry.version > item.version:
        return Decision.SUPERSEDED
    if entry.intent is not None:  # the target may hold that payload instead
        return Decision.WAIT if entry.intent.under_way > 0 else Decision.PROBE
    return Decision.UNCHANGED if same and smart_sync else Decision.SEND


def rounds(items: Sequence[Item]) -> list[list[Item]]:
    """Part items so that no round holds a record twice and versions keep their order."""
    if len({item.source_id for item in items}) == len(items):
        return [list(items)] if items else []
    seen: dict[str, int] = {}
    parted: list[list[Item]] = []
    for item in items:
        turn = seen.get(item.source_id, -1) + 1
        seen[item.source_id] = turn
        if turn == len(parted):
            parted.append([])
        parted[turn].append(item)
    return parted


def shared_match_keys(items: Sequence[Item], keys: Sequence[str]) -> dict[int, Failure]:
    """Name records that would be created although another one with their match key is.

    Args:
        keys: the match keys, parallel to the items; "" where there is none.

    Returns:
        Place -> why; the first one with a key is in order.
    """
    first: dict[str, Item] = {}
    refused: dict[int, Failure] = {}
    for place, (item, key) in enumerate(zip(items, keys, strict=True)):
        other = first.setdefault(key, item) if key else item
        if other is not item:
            message = (
                f"the source has two records with the match key {key[:100]!r}, {other.source_id} "
                f"and {item.source_id}: the target would get it twice"
            )
            refused[place] = Failure(Category.PERMANENT, "match_key_twice", message)
    return refused


class Verdict(Enum):
    """What a look at the target tells of a write whose answer was lost."""

    APPLIED = auto()
    """The target holds the payload. Success."""
    SEND = auto()
    """The target does not hold it, or holds an older one: sending it does no harm."""
    AMBIGUOUS = auto()
    """It cannot be told, and sending it again might do it twice: a person decides."""


class TargetAnswer(msgspec.Struct, frozen=True):
    """What a target said when it was asked for a record.

    Attributes:
        target_id: None where it has no such record.
        holds: whether the record there holds the payload, None where that cannot be told.
        differs: payload paths that it does not show as they would be sent, None where unknown.
    """

    target_id: str | None
    holds: bool | None = None
    differs: list[str] | None = None


def judge(
    item: Item,
    intent: Intent,
    seen: TargetAnswer | None,
    *,
    honours_keys: bool,
    two_calls: bool = False,
) -> Verdict:
    """Decide about a write whose answer was lost (spec section 4).

    Args:
        item: what is to be written now; its `target_id` is the one known before.
        seen: what the target says, None where it cannot be asked.
        honours_keys: the target does nothing when it gets a write's key a second time.
        two_calls: the lost write may be done by half, and may be sent to what is there.
    """
    same = intent.payload_hash == item.payload_hash
    again = Verdict.SEND if same and honours_keys else Verdict.AMBIGUOUS
    if seen is None:
        # Of a record that was there before, another payload is another update, whatever became of
        # the lost one. A creation that may have been done must not be done again.
        return Verdict.SEND if item.target_id is not None and not same else again
    if seen.target_id is None:
        return Verdict.SEND
    if item.target_id not in (None, seen.target_id):
        # The match key finds another record: made anew by the lost write, or one that has taken the
        # key. The known one is updated; if it is gone, the other is looked for again.
        return again if same and seen.holds is None else Verdict.SEND
    if seen.holds or (same and intent.creates and not two_calls):
        return Verdict.APPLIED
    if two_calls:
        return Verdict.SEND
    return again if same and seen.holds is None else Verdict.SEND


def verdict_of(
    item: Item, seen: TargetAnswer | None, *, honours_keys: bool, two_calls: bool = False
) -> Verdict:
    """Judge a lost write, and note what the target said of the record."""
    intent = item.entry.intent if item.entry else None
    if intent is None:
        return Verdict.SEND
    verdict = judge(item, intent, seen, honours_keys=honours_keys, two_calls=two_calls)
    if seen is not None:
        item.asked = True
        item.target_id = item.target_id or seen.target_id
    return verdict


def by_decision(
    items: Sequence[Item], entries: Mapping[str, LedgerEntry], run_id: str, *, smart_sync: bool
) -> dict[Decision, list[Item]]:
    """Group items by what is to be done, and give each what the ledger knows of it."""
    grouped: dict[Decision, list[Item]] = {decision: [] for decision in Decision}
    if not entries:
        grouped[Decision.SEND] = list(items)
        return grouped
    last, group = Decision.SEND, grouped[Decision.SEND]
    for item in items:
        entry = entries.get(item.source_id)
        if entry is not None:
            item.entry, item.target_id = entry, entry.target_id
            if entry.intent is not None:
                item.owner = entry.intent.owner
        decision = decide(item, entry, run_id, smart_sync=smart_sync)
        if decision is not last:  # nearly always the same: a look into the dict costs more
            last, group = decision, grouped[decision]
        group.append(item)
    return grouped


def under_way(seconds: float) -> Failure:
    """Say that a record waits for the end of another call that writes it."""
    message = "another call writes this record, or was lost while it did: it may still have effect"
    return Failure(Category.TRANSIENT, UNDER_WAY, message, retry_after=max(seconds, 1.0))


def waits_in(failures: Mapping[int, Failure]) -> tuple[float, list[int]]:
    """Return the longest wait that a target asks for, and which records may wait on the spot.

    Only what was certainly not written: an ambiguous failure is looked into before it is sent.
    """
    waits = {
        place: failure.retry_after
        for place, failure in failures.items()
        if failure.retry_after is not None
        and failure.retry_after > 0
        and failure.category is not Category.PERMANENT
        and failure.code != UNDER_WAY  # the ledger's, not the target's
    }
    short = [
        place
        for place, seconds in waits.items()
        if seconds <= SHORT_WAIT and not failures[place].ambiguous
    ]
    longest = max(waits.values(), default=0.0)
    return longest, sorted(short) if longest <= SHORT_WAIT else []
