"""Ingest's decisions: which records of a chunk travel, in which batches, over which lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec

from syncline.contracts.topics import Stage
from syncline.contracts.wire import lanes_of
from syncline.domain.record import NewBatch
from syncline.domain.run import PENDING
from syncline_ingest.rows import Rows, at_places

MAX_BATCH = 512_000
"""Bytes of records a batch is filled with."""
FEW = 200
"""Records up to which a run stays in one lane."""
_AROUND = 64
"""Bytes that a record takes in a message beside its data and its ID."""


class PlannedBatch(msgspec.Struct):
    """A batch row about to be committed, with the places of its rows in the chunk."""

    new: NewBatch
    places: Sequence[int]


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

    def of(self, source_ids: Sequence[str]) -> list[int]:
        """Return the lanes of records."""
        lanes, first = lanes_of(source_ids, self._width), self._first
        if first.isdisjoint(source_ids):
            return lanes
        return [0 if i in first else lane for i, lane in zip(source_ids, lanes, strict=True)]


def plan(
    rows: Rows,
    places: Sequence[int],
    settled: Mapping[int, str],
    lanes: Lanes,
    *,
    first: int,
    batch_size: int,
) -> list[PlannedBatch]:
    """Lay rows into batches.

    Args:
        rows: the rows of a chunk, in reading order.
        places: of the rows that are laid into batches, rising.
        settled: outcome codes of those that are known already, by place: they end when found.
        lanes: gives the lanes of records.
        first: number of the first batch.
        batch_size: most records of a batch.

    Returns:
        Batches numbered from `first`: settled ones, rejected ones, and the travelling ones.
    """
    planned = []
    codes = sorted(set(settled.values()))
    for code in codes:
        ended = places
        if len(codes) > 1 or len(settled) < len(places) or rows.refused:
            ended = [p for p in places if settled.get(p) == code and p not in rows.refused]
        planned += _batches(rows, ended, 1000, 0, "", code)
    rejected = [p for p in places if p in rows.refused] if rows.refused else []
    planned += _batches(rows, rejected, batch_size, 0, Stage.INGEST.value, PENDING)
    free = travelling(rows, places, settled)
    by_lane: dict[int, list[int]] = defaultdict(list)
    for place, lane in zip(free, lanes.of(at_places(rows.ids, free)), strict=True):
        by_lane[lane].append(place)
    for lane in sorted(by_lane):
        planned += _batches(rows, by_lane[lane], batch_size, lane, Stage.NORMALIZE.value, PENDING)
    for number, batch in enumerate(planned, first):
        batch.new.number = number
    return planned


def travelling(rows: Rows, places: Sequence[int], settled: Mapping[int, str]) -> Sequence[int]:
    """Return the places of the rows that will travel."""
    if not settled and not rows.refused:
        return places
    if len(settled) == len(places):
        return []
    return [p for p in places if p not in settled and p not in rows.refused]


def _batches(
    rows: Rows, places: Sequence[int], size: int, lane: int, stage: str, code: str
) -> list[PlannedBatch]:
    """Lay rows that go the same way into batches; without a stage they have an outcome already."""
    batches = []
    for part in _parts(rows, places, size, most=MAX_BATCH if stage else 0):
        ids = at_places(rows.ids, part)
        batches.append(PlannedBatch(NewBatch(0, lane, stage, ids, code * len(ids)), part))
    return batches


def _parts(rows: Rows, places: Sequence[int], size: int, *, most: int) -> list[Sequence[int]]:
    """Cut rows into batches; no batch holds a record twice, so that each version has its number.

    Args:
        most: bytes of a batch; 0 where they do not count.
    """
    ids = at_places(rows.ids, places)
    weights = [0] * len(ids)
    if most:
        sizes = at_places(rows.sizes, places)
        weights = [s + len(i) + _AROUND for s, i in zip(sizes, ids, strict=True)]
    doubles = len(set(ids)) < len(ids)
    starts = range(0, len(ids), size)
    if not doubles and all(sum(weights[s : s + size]) <= most for s in starts):
        return [places[s : s + size] for s in starts]
    parts: list[list[int]] = []
    held: set[str] = set()
    weight = 0
    for place, source_id, more in zip(places, ids, weights, strict=True):
        full = not parts or len(parts[-1]) >= size or weight + more > most
        if full or (doubles and source_id in held):
            parts.append([])
            held.clear()
            weight = 0
        parts[-1].append(place)
        if doubles:
            held.add(source_id)
        weight += more
    return list(parts)
