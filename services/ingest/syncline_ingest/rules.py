"""Ingest's decisions: which records of a page travel, in which batches, over which lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from syncline.contracts.topics import Stage
from syncline.contracts.wire import lane_of
from syncline.domain.errors import Failure
from syncline.domain.mapping.refusal import printable
from syncline.domain.record import MAX_RECORD, MAX_SOURCE_ID_LENGTH, NewBatch
from syncline.domain.run import PENDING

MAX_BATCH = 512_000
"""Bytes of records a batch is filled with."""
FEW = 200
"""Records up to which a run stays in one lane."""
SHOWN = 10_000
"""Characters kept of what cannot travel, for the person who looks into its dead letter."""
_AROUND = 64
"""Bytes that a record takes in a message beside its data and its ID."""


class Row(msgspec.Struct):
    """One record of a page, encoded: `row_hash` is what the early skip compares."""

    source_id: str
    cursor: str | None
    data: bytes
    row_hash: str
    failure: Failure | None = None


class PlannedBatch(msgspec.Struct):
    """A batch row about to be committed, with the rows that will travel in it."""

    new: NewBatch
    rows: list[Row]


def refused_row(source_id: str, data: bytes, failure: Failure, row_hash: str = "") -> Row:
    """Make the row of a record that cannot travel, in a form that every store takes."""
    if len(data) > MAX_RECORD:
        start = data[:SHOWN].decode(errors="replace")
        data = msgspec.json.encode({"tooLarge": len(data), "startsWith": start})
    name = printable(source_id)[:MAX_SOURCE_ID_LENGTH]
    return Row(name, None, data, row_hash, failure)


class Lanes:
    """Over which lanes a run's records go: the first few over one, then over all of its width.

    A record keeps its lane for the whole run, however small the chunk that brings it: versions of
    one record must not overtake each other.

    Attributes:
        is_small: few records came so far, so that the next ones have to be noted.
    """

    def __init__(self, width: int, first: Collection[str] = ()) -> None:
        """Begin, or go on with a run of which `first` went over lane 0 before all others."""
        self._width = width
        self._first = set(first)
        self.is_small = width > 1 and not first

    def take(self, source_ids: Collection[str]) -> None:
        """Note the records of a chunk before their lanes are asked for."""
        self.is_small = self.is_small and len(self._first) + len(source_ids) <= FEW
        if self.is_small:
            self._first.update(source_ids)

    def of(self, source_id: str) -> int:
        """Return a record's lane."""
        return 0 if source_id in self._first else lane_of(source_id, self._width)


def plan(
    rows: Sequence[Row],
    settled: Mapping[int, str],
    *,
    first: int,
    lane: Callable[[str], int],
    batch_size: int,
) -> list[PlannedBatch]:
    """Lay rows into batches.

    Args:
        rows: the rows of a chunk, in reading order.
        settled: outcome codes of those that are known already, by position: they end when found.
        first: number of the first batch.
        lane: gives the lane of a source ID.
        batch_size: most records in a travelling batch.

    Returns:
        Batches numbered from `first`: settled ones, rejected ones, and the travelling ones.
    """
    travelling: dict[int, list[Row]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.failure is None and place not in settled:
            travelling[lane(row.source_id)].append(row)
    planned = []
    for code in sorted(set(settled.values())):
        ended = [r for p, r in enumerate(rows) if r.failure is None and settled.get(p) == code]
        planned += [_batch(part, 0, "", code) for part in _parts(ended, 1000)]
    rejected = [row for row in rows if row.failure is not None]
    planned += [
        _batch(part, 0, Stage.INGEST.value, PENDING) for part in _parts(rejected, batch_size)
    ]
    planned += [
        _batch(part, lane_, Stage.NORMALIZE, PENDING)
        for lane_ in sorted(travelling)
        for part in _parts(travelling[lane_], batch_size)
    ]
    for number, batch in enumerate(planned, first):
        batch.new.number = number
    return planned


def travelling(rows: Iterable[Row], settled: Mapping[int, str]) -> list[str]:
    """Return the source IDs of the rows that will travel."""
    return [r.source_id for p, r in enumerate(rows) if r.failure is None and p not in settled]


def _batch(rows: list[Row], lane: int, stage: str, code: str) -> PlannedBatch:
    ids = [row.source_id for row in rows]
    return PlannedBatch(NewBatch(0, lane, stage, ids, code * len(ids)), rows)


def _parts(rows: Sequence[Row], size: int) -> list[list[Row]]:
    """Cut rows into batches; no batch holds a record twice, so that each version has its number."""
    parts: list[list[Row]] = []
    held: set[str] = set()
    doubles = len({row.source_id for row in rows}) < len(rows)
    weight = 0
    for row in rows:
        more = len(row.data) + len(row.source_id) + _AROUND
        full = not parts or len(parts[-1]) >= size or weight + more > MAX_BATCH
        if full or (doubles and row.source_id in held):
            parts.append([])
            held.clear()
            weight = 0
        parts[-1].append(row)
        if doubles:
            held.add(row.source_id)
        weight += more
    return parts
