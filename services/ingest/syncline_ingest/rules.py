"""Ingest's decisions: which records of a page travel, in which batches, and how far was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import msgspec

from syncline.contracts.messages import RunRequest, check_uuid, decoder_of
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Delivery, lane_of
from syncline.domain.batch import NewBatch, Water
from syncline.domain.cursor import is_later
from syncline.domain.errors import Failure
from syncline.domain.mapping.document import CursorType
from syncline.domain.mapping.refusal import printable
from syncline.domain.record import MAX_RECORD
from syncline.domain.run import PENDING, Outcome
from syncline.domain.trigger import MAX_SOURCE_ID_LENGTH

_decode = decoder_of(RunRequest).decode
MAX_BATCH = 512_000
"""Bytes of records a batch is filled with."""
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


class Planned(msgspec.Struct):
    """A batch row about to be committed, with the rows that will travel in it."""

    new: NewBatch
    rows: list[Row]


def decode(delivery: Delivery) -> RunRequest:
    """Read a run request. Raises msgspec.DecodeError or ValueError on what is none."""
    request: RunRequest = _decode(delivery.value or b"")
    check_uuid(request.run_id, "run_id")
    return request


def refused(source_id: str, data: bytes, failure: Failure) -> Row:
    """Make the row of a record that cannot travel, in a form that every store takes."""
    if len(data) > MAX_RECORD:
        start = data[:SHOWN].decode(errors="replace")
        data = msgspec.json.encode({"tooLarge": len(data), "startsWith": start})
    name = printable(source_id)[:MAX_SOURCE_ID_LENGTH]
    return Row(name, None, data, "", failure)


def at_watermark(rows: Sequence[Row], watermark: str | None) -> list[int]:
    """Return the positions of rows that an earlier run may have handled already.

    Reading is inclusive at the watermark; such rows are not counted again (spec section 2.5).
    """
    if watermark is None:
        return []
    return [place for place, row in enumerate(rows) if row.cursor == watermark]


def plan(
    rows: Sequence[Row], skipped: Collection[int], *, first: int, lanes: int, batch_size: int
) -> list[Planned]:
    """Lay rows into batches.

    Args:
        rows: the rows of a chunk, in reading order.
        skipped: positions of those that are unchanged; they are settled when found.
        first: number of the first batch.
        lanes: width of the run; a record's lane is fixed by its source ID.
        batch_size: most records in a travelling batch.

    Returns:
        Batches numbered from `first`: settled ones, rejected ones, and the travelling ones.
    """
    travelling: dict[int, list[Row]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.failure is None and place not in skipped:
            travelling[lane_of(row.source_id, lanes)].append(row)
    settled = [row for p, row in enumerate(rows) if row.failure is None and p in skipped]
    rejected = [row for row in rows if row.failure is not None]
    planned = [_batch(part, 0, "", Outcome.UNCHANGED.value) for part in _parts(settled, 1000)]
    planned += [
        _batch(part, 0, Stage.INGEST.value, PENDING) for part in _parts(rejected, batch_size)
    ]
    planned += [
        _batch(part, lane, Stage.NORMALIZE, PENDING)
        for lane in sorted(travelling)
        for part in _parts(travelling[lane], batch_size)
    ]
    for number, batch in enumerate(planned, first):
        batch.new.number = number
    return planned


def _batch(rows: list[Row], lane: int, stage: str, code: str) -> Planned:
    ids = [row.source_id for row in rows]
    return Planned(NewBatch(0, lane, stage, ids, code * len(ids)), rows)


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


def water_after(cursors: Sequence[str | None], before: Water) -> Water:
    """Say how far an ordered read has come.

    Args:
        cursors: cursor values of the chunk's rows, in reading order.
        before: where the read stood before this chunk.

    Returns:
        `read_to` is the last value; `high` the last one behind which a higher one was read, so
        that all its records are known to be taken.
    """
    values = [value for value in cursors if value is not None]
    if not values:
        return before
    last = values[-1]
    lower = next((v for v in reversed(values) if v != last), None)
    if lower is None:
        lower = before.high if before.read_to == last else before.read_to
    return Water(lower, last)


def highest(cursors: Sequence[str | None], before: Water, kind: CursorType) -> Water:
    """Say how far an unordered read has come; nothing counts as fully taken until its end."""
    top = before.read_to
    for value in cursors:
        if value is not None and is_later(value, top, kind):
            top = value
    return Water(None, top)
