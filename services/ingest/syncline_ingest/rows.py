"""The rows of a chunk: their IDs, cursors, hashes and records in parallel lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TypeVar

import msgspec

from syncline.domain.columns import Columns, Lines, joined
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.refusal import printable
from syncline.domain.record import MAX_RECORD, MAX_SOURCE_ID_LENGTH, Value

T = TypeVar("T")
SHOWN = 10_000
"""Characters kept of what cannot travel, for the person who looks into its dead letter."""


class RefusedRow(msgspec.Struct):
    """A record that cannot travel, and why. Batch rows keep it in this form (`rejected`).

    Attributes:
        data: its JSON, for its dead letter.
    """

    source_id: str
    cursor: str | None
    data: bytes
    row_hash: str
    failure: Failure


def at_places(values: list[T], places: Sequence[int]) -> list[T]:
    """Return the values at these places, in their order."""
    if isinstance(places, range) and places.step == 1:
        return values[places.start : places.stop]
    return [values[p] for p in places]


class Rows(msgspec.Struct):
    """Records that were read; the lists run in parallel.

    Attributes:
        ids: source IDs.
        cursors: cursor values as the source gave them, None where it gave none.
        hashes: what the early skip compares, in hex digits; "" where there is none.
        records: by column, with nothing in place of a refused one; or the lines that they are
            made of.
        sizes: bytes that each record takes, about: records that were encoded together are taken
            as equally large.
        refused: those that cannot travel, by place.
    """

    ids: list[str]
    cursors: list[str | None]
    hashes: list[str]
    records: Columns | Lines
    sizes: list[int]
    refused: dict[int, RefusedRow] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, places: Sequence[int]) -> Rows:
        """Return the rows at these places, in their order."""
        if len(places) == len(self) and isinstance(places, range):
            return self
        return Rows(
            at_places(self.ids, places),
            at_places(self.cursors, places),
            at_places(self.hashes, places),
            self.records.part(places),
            at_places(self.sizes, places),
            {n: self.refused[p] for n, p in enumerate(places) if p in self.refused}
            if self.refused
            else {},
        )

    def columns(self, places: Sequence[int]) -> Columns:
        """Return the records at these places, in their order, by column."""
        part = self.records.part(places)
        return part.columns() if isinstance(part, Lines) else part

    def with_cursor(self) -> Sequence[int]:
        """Return the places of the rows that tell a cursor value: what is refused tells none."""
        if not self.refused and None not in self.cursors:
            return range(len(self))
        return [p for p, c in enumerate(self.cursors) if c is not None and p not in self.refused]

    def without_cursor(self) -> list[str]:
        """Return the source IDs of the rows that could tell a cursor value and have none."""
        rows = enumerate(zip(self.ids, self.cursors, strict=True))
        return [i for p, (i, cursor) in rows if cursor is None and p not in self.refused]


def refused_row(source_id: str, data: bytes, failure: Failure, row_hash: str = "") -> RefusedRow:
    """Make the row of a record that cannot travel, in a form that every store takes."""
    if len(data) > MAX_RECORD:
        start = data[:SHOWN].decode(errors="replace")
        data = msgspec.json.encode({"tooLarge": len(data), "startsWith": start})
    name = printable(source_id)[:MAX_SOURCE_ID_LENGTH]
    return RefusedRow(name, None, data, row_hash, failure)


def unknown_row(source_id: str) -> RefusedRow:
    """Make the row of a record that the source does not know."""
    message = f"the source has no record {source_id!r}"
    failure = Failure(Category.PERMANENT, "unknown_source_id", message)
    return RefusedRow(source_id, None, b"null", "", failure)


def rows_of_refused(refused: Sequence[RefusedRow]) -> Rows:
    """Return rows of which none can travel."""
    size = len(refused)
    rows = Rows([""] * size, [None] * size, [""] * size, Columns(size, {}), [0] * size)
    return with_refused(rows, dict(enumerate(refused)))


def with_refused(rows: Rows, refused: Mapping[int, RefusedRow]) -> Rows:
    """Return rows with refused ones at these places, whatever is there."""
    if not refused:
        return rows
    ids, cursors = list(rows.ids), list(rows.cursors)
    hashes, sizes = list(rows.hashes), list(rows.sizes)
    for place, row in refused.items():
        ids[place], cursors[place] = row.source_id, row.cursor
        hashes[place], sizes[place] = row.row_hash, len(row.data)
    records = rows.records
    if isinstance(records, Columns):
        records = _without(records, refused)
    return Rows(ids, cursors, hashes, records, sizes, dict(refused))


def _without(columns: Columns, places: Mapping[int, object]) -> Columns:
    """Return records of which those at these places hold nothing, so that they shape no column."""
    records = columns.records()
    fit = Columns.of([record for p, record in enumerate(records) if p not in places])

    def spread(column: Sequence[Value], nothing: Value) -> list[Value]:
        rest = iter(column)
        return [nothing if p in places else next(rest) for p in range(len(columns))]

    values = {name: spread(column, None) for name, column in fit.values.items()}
    return Columns(len(columns), values, spread(fit.rest, {}) if fit.rest else [])


def join_rows(several: Sequence[Rows]) -> Rows:
    """Return the rows of several, one behind the other."""
    if len(several) == 1:
        return several[0]
    refused: dict[int, RefusedRow] = {}
    size = 0
    for rows in several:
        refused |= {size + place: row for place, row in rows.refused.items()}
        size += len(rows)
    return Rows(
        list(chain.from_iterable(rows.ids for rows in several)),
        list(chain.from_iterable(rows.cursors for rows in several)),
        list(chain.from_iterable(rows.hashes for rows in several)),
        _joined(several),
        list(chain.from_iterable(rows.sizes for rows in several)),
        refused,
    )


def _joined(several: Sequence[Rows]) -> Columns | Lines:
    lines = [rows.records for rows in several if isinstance(rows.records, Lines)]
    if len(lines) == len(several) and len({(each.layout, each.reader) for each in lines}) == 1:
        data = list(chain.from_iterable(each.data for each in lines))
        return Lines(data, lines[0].layout, lines[0].reader)
    return joined([rows.columns(range(len(rows))) for rows in several])
