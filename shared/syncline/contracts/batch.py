"""Batches: records on their way through the stages, and what can be done with a batch.

It can be counted (`len`), cut (`part`) and halved until its message fits (`fitting`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from syncline.contracts.messages import VERSION, Attempt, Index, RunRef, Slot
from syncline.contracts.wire import Outbound

R = TypeVar("R")
LARGEST_BATCH = 1_000_000
"""Bytes of a batch on its way to the next stage. A broker takes three times as much: a retry still
adds the attempts of its records, and the one record that cannot be halved has room to grow."""
LARGEST_RETRY = 1_500_000
"""Bytes of a batch that is tried again: a whole batch, and the attempts of its records."""


class Batch(msgspec.Struct, Generic[R], omit_defaults=True):
    """Up to Batch Size records on their way through the stages. The lists run in parallel.

    A stage that looks into records reads a `Batch[dict]`, one that passes them on a `Batch[Raw]`.

    Attributes:
        number: of the batch within its run.
        lane: which lane of the run it travels in.
        slots: positions of the records in the batch row; a retry carries only some.
        ids: source IDs.
        records: one JSON object a record: raw, canonical or payload, by topic.
        row_hashes: hex digests of the source rows, for the early skip of later runs.
        attempt: number of the attempt that this delivery is, from 1.
        history: earlier failed attempts of each record, only on retries.
        version: when Ingest read the records, in microseconds since 1970 by the database's clock;
            of two versions of a record the higher one is newer.
    """

    run: RunRef
    number: Index
    lane: Index
    slots: list[Slot]
    ids: list[str]
    records: list[R]
    row_hashes: list[str] = []
    attempt: int = 1
    history: list[list[Attempt]] = []
    version: int = 0
    v: int = VERSION

    def __post_init__(self) -> None:
        size = len(self.ids)
        lists = (self.slots, self.records, self.row_hashes or self.ids, self.history or self.ids)
        if not size or any(len(each) != size for each in lists):
            raise ValueError("the lists of the batch are empty or of unequal length")

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, places: Sequence[int]) -> Batch[R]:
        """Return a batch of just the records at these places, with everything else as it was."""
        return Batch(
            run=self.run,
            number=self.number,
            lane=self.lane,
            slots=[self.slots[p] for p in places],
            ids=[self.ids[p] for p in places],
            records=[self.records[p] for p in places],
            row_hashes=[self.row_hashes[p] for p in places] if self.row_hashes else [],
            attempt=self.attempt,
            history=[self.history[p] for p in places] if self.history else [],
            version=self.version,
        )


def fitting(
    batch: Batch[R], message_of: Callable[[Batch[R]], Outbound], limit: int
) -> Iterator[tuple[Batch[R], Outbound]]:
    """Yield a batch with its message, or its halves, until every message fits.

    Args:
        limit: bytes of an encoded batch. A single record is yielded even if it is larger.
    """
    message = message_of(batch)
    if len(message.value or b"") <= limit or len(batch) == 1:
        yield batch, message
        return
    middle = len(batch) // 2
    for half in (range(middle), range(middle, len(batch))):
        yield from fitting(batch.part(half), message_of, limit)
