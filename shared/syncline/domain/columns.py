"""Records of a batch by column: what is done to a field is done to all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import msgspec

from syncline.domain.record import Record, Value


class Columns(msgspec.Struct, omit_defaults=True):
    """Records, one list a key. They take no more room than the records one by one.

    Attributes:
        size: how many records.
        values: of the keys that every record has: its values, parallel to the records.
        rest: what else each record has, parallel to the records; empty where none has anything
            else. So records of which each has keys of its own do not make a column of each key.

    Raises:
        ValueError: the lists are of other lengths than `size`.
    """

    size: int
    values: dict[str, list[Value]]
    rest: list[Record] = []

    def __post_init__(self) -> None:
        size = self.size
        for column in self.values.values():
            if len(column) != size:
                raise ValueError("the columns are of unequal length")
        if self.rest and len(self.rest) != size:
            raise ValueError("the columns are of unequal length")

    def __len__(self) -> int:
        return self.size

    @classmethod
    def of(cls, records: Sequence[Record]) -> Columns:
        """Lay out records by column; they stay as they are."""
        if not records:
            return cls(0, {})
        if len(records) == 1:
            return cls(1, {key: [value] for key, value in records[0].items()})
        first = records[0]
        with suppress(KeyError):  # faster than comparing the keys first
            if set(map(len, records)) == {len(first)}:
                return cls(len(records), {key: [r[key] for r in records] for key in first})
        common = set(first).intersection(*records)
        return cls(
            len(records),
            {key: [r[key] for r in records] for key in first if key in common},
            [{key: v for key, v in r.items() if key not in common} for r in records],
        )

    def column(self, key: str) -> list[Value]:
        """Return a key's values; None also where a record does not have the key."""
        found = self.values.get(key)
        if found is not None:
            return found
        return [r.get(key) for r in self.rest] if self.rest else [None] * self.size

    def records(self) -> list[Record]:
        """Return the records as dicts; keys that not all of them have come last."""
        made: list[Record] = [{} for _ in range(self.size)]
        for key, column in self.values.items():  # faster than a row after the other
            for record, value in zip(made, column, strict=True):
                record[key] = value
        for record, more in zip(made, self.rest, strict=False):
            record.update(more)
        return made

    def without(self, keys: Sequence[str]) -> Columns:
        """Return the records without some keys."""
        values = {key: column for key, column in self.values.items() if key not in keys}
        rest = [{key: v for key, v in r.items() if key not in keys} for r in self.rest]
        return Columns(self.size, values, rest)

    def part(self, places: Iterable[int]) -> Columns:
        """Return the records at these places, in their order."""
        if isinstance(places, range) and places.step == 1:
            start, stop = places.start, places.stop
            values = {key: column[start:stop] for key, column in self.values.items()}
            return Columns(len(places), values, self.rest[start:stop])
        chosen = list(places)
        return Columns(
            len(chosen),
            {key: [column[p] for p in chosen] for key, column in self.values.items()},
            [self.rest[p] for p in chosen] if self.rest else [],
        )


class Lines(msgspec.Struct):
    """Records as their source wrote them, a line each, from which columns are made when needed.

    So a record that needs no work is never taken apart, and one that travels is taken apart just
    before: lines take a fifth of the memory.

    Attributes:
        data: the lines. A record has the same one whether extract() or fetch() reads it: row
            hashes are taken over them.
        layout: what else tells what they mean (names and types of columns); in each row hash.
        reader: makes columns of lines; it never raises.
    """

    data: list[bytes]
    layout: bytes
    reader: Callable[[Sequence[bytes]], Columns]

    def part(self, places: Sequence[int]) -> Lines:
        """Return the lines at these places, in their order."""
        return Lines([self.data[p] for p in places], self.layout, self.reader)

    def columns(self) -> Columns:
        """Return the records by column."""
        return self.reader(self.data)


def by_record(records: list[Record]) -> Columns:
    """Return records without laying them out: for few keys of them, or for one record."""
    return Columns(len(records), {}, records)


def joined(several: Sequence[Columns]) -> Columns:
    """Return the records of several, one after the other."""
    if len(several) == 1:
        return several[0]
    names = list(several[0].values) if several else []
    if not any(each.rest or list(each.values) != names for each in several):
        columns = {name: [v for each in several for v in each.values[name]] for name in names}
        return Columns(sum(map(len, several)), columns)
    return Columns.of([record for each in several for record in each.records()])
