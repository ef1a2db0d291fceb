"""A page's records as the rows of a chunk: hashed, and refused where they cannot travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from syncline.connectors.port import Page, SourceSnapshot
from syncline.contracts.messages import encode
from syncline.contracts.topics import Stage
from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.refusal import printable
from syncline.domain.mapping.source_paths import NameCoverage
from syncline.domain.record import MAX_RECORD, MAX_SOURCE_ID_LENGTH, Record, check_record
from syncline.domain.run import Notice
from syncline_ingest.rows import RefusedRow, Rows, refused_row, with_refused

TOGETHER = 200
"""Records that are encoded at once to learn how large they are."""
SHORT = 100_000
"""Bytes of a line whose record is surely small enough: JSON takes six bytes for one at most."""
_UNENCODABLE = (ValueError, TypeError, RecursionError)


class Hasher(Protocol):
    """Gives the row hashes of encoded rows, for the run's mapping version and target.

    `layout` is what tells what the rows mean beside what they hold.
    """

    def __call__(self, rows: Sequence[bytes], layout: bytes = b"", /) -> list[str]: ...


class Chunk(msgspec.Struct):
    """Rows that are committed together.

    Attributes:
        position: where an interrupted read goes on behind this chunk.
        stage: the stage whose input the rows are.
        version: when the rows were read, if that was not now (replays).
        had: what the mapping reads and the records had, where they may leave out properties.
        snapshots: the moments at which the source was seen, where it tells its writers.
        twice: source IDs that one answer of the source held more than once.
        notices: what the source tells.
    """

    rows: Rows
    position: str
    stage: Stage = Stage.NORMALIZE
    version: int | None = None
    had: NameCoverage | None = None
    snapshots: tuple[SourceSnapshot, ...] = ()
    twice: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def rows_of(page: Page, hasher: Hasher) -> Rows:
    """Hash a page's records; one that cannot be encoded or is too large becomes a refused row."""
    lines = page.lines
    records = _records(page)
    broken: dict[int, tuple[bytes, Failure | None]] = {}
    if isinstance(records, Lines):
        sizes = list(map(len, records.data))
    else:
        sizes, broken = _measured(records)
    refused: dict[int, RefusedRow] = {}
    for place in sorted({*page.bad, *broken, *_odd_ids(page.ids)}):
        source_id, cursor = page.ids[place], page.cursors[place]
        data, failure = broken.get(place) or (encode(page.part([place]).records.records()[0]), None)
        why = page.bad.get(place) or failure or check_record(source_id, len(data))
        if why is not None:
            refused[place] = refused_row(source_id, data, why, hasher([data])[0])
            refused[place].cursor = None if cursor is None else printable(cursor)
    hashes = [""] * len(page.ids) if lines is None else hasher(lines.data, lines.layout)
    rows = with_refused(Rows(page.ids, page.cursors, hashes, records, sizes), refused)
    if isinstance(rows.records, Columns) and lines is None:
        rows.hashes = _hashes(rows.records, hasher, is_table=page.columns is not None)
        for place, row in refused.items():
            rows.hashes[place] = row.row_hash
    return rows


def _records(page: Page) -> Columns | Lines:
    """Return the records as lines, where they are given so and none may be too large to travel."""
    if page.given is not None or page.lines is None:
        return page.records
    longest = max(map(len, page.lines.data), default=0)
    return page.lines if longest <= SHORT else page.records


def _hashes(columns: Columns, hasher: Hasher, *, is_table: bool) -> list[str]:
    """Hash records over their values; over their keys as well, where those are not a table's."""
    if is_table and columns.values and not columns.rest:
        values = zip(*columns.values.values(), strict=True)
        return hasher([encode(row) for row in values], encode(list(columns.values)))
    return hasher([encode(record) for record in columns.records()])


def _measured(columns: Columns) -> tuple[list[int], dict[int, tuple[bytes, Failure | None]]]:
    """Say how many bytes each record takes, about.

    Returns:
        The sizes, and what is too large or cannot be encoded: its JSON and, of the latter, why.
    """
    sizes: list[int] = []
    broken: dict[int, tuple[bytes, Failure | None]] = {}
    for start in range(0, len(columns), TOGETHER):
        part = columns.part(range(start, min(start + TOGETHER, len(columns))))
        size = _size(part)
        if size is not None and size <= MAX_RECORD:  # so none of them is larger
            sizes += [-(-size // len(part))] * len(part)
            continue
        for place, record in enumerate(part.records(), start):
            data, failure = _encoded(record)
            sizes.append(len(data))
            if failure is not None or len(data) > MAX_RECORD:
                broken[place] = data, failure
    return sizes, broken


def _size(columns: Columns) -> int | None:
    try:
        return len(encode(columns))
    except _UNENCODABLE:  # the record that cannot be is found by its own
        return None


def _encoded(record: Record) -> tuple[bytes, Failure | None]:
    try:
        return encode(record), None
    except _UNENCODABLE as error:
        message = "the record holds text that is no Unicode, or is nested too deeply"
        failure = Failure(Category.PERMANENT, "invalid_record", message, str(error)[:2000])
        return encode({"unreadable": ascii(record)[:10_000]}), failure


def _odd_ids(ids: Sequence[str]) -> list[int]:
    """Return the places of IDs that no record can travel with."""
    longest = max(map(len, ids), default=0)
    if longest <= MAX_SOURCE_ID_LENGTH and "" not in ids and "\0" not in "".join(ids):
        return []
    return [place for place, source_id in enumerate(ids) if check_record(source_id, 0) is not None]
