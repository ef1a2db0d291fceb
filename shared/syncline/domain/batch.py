"""A batch before it exists on a topic, and how far a read has come."""

from __future__ import annotations

import msgspec

from syncline.domain.record import JsonObject


class NewBatch(msgspec.Struct):
    """A batch about to be committed.

    Attributes:
        stage: the stage whose input topic it will enter; "" when all its records are settled.
        outcomes: one code a record, `.` for those still in flight.
        rejected: what is published to the DLQ for records that failed at Ingest, as builtins.
    """

    number: int
    lane: int
    stage: str
    source_ids: list[str]
    outcomes: str
    rejected: list[JsonObject] | None = None


class TiedRows(msgspec.Struct, frozen=True):
    """Rows that share a cursor value, with the hashes of their source rows; parallel lists."""

    value: str
    source_ids: list[str]
    row_hashes: list[str]


class Watermarks(msgspec.Struct, frozen=True):
    """Cursor values of a chunk's end: highest one fully taken, highest one read at all."""

    high: str | None = None
    read_to: str | None = None
