"""A page's records as rows: encoded, hashed, and refused where they cannot travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from syncline.connectors.port import Page, Snapshot
from syncline.contracts.messages import encode
from syncline.contracts.topics import Stage
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.refusal import printable
from syncline.domain.mapping.source_paths import NameCoverage
from syncline.domain.record import Record, check_record
from syncline.domain.run import Notice
from syncline_ingest.rules import Row, refused_row


class Hasher(Protocol):
    """Gives the row hashes of encoded rows, for the run's mapping version and target."""

    def __call__(self, rows: Sequence[bytes]) -> list[str]: ...


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

    rows: list[Row]
    position: str
    stage: Stage = Stage.NORMALIZE
    version: int | None = None
    had: NameCoverage | None = None
    snapshots: tuple[Snapshot, ...] = ()
    twice: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def rows_of(page: Page, hasher: Hasher) -> list[Row]:
    """Encode a page's records; one that cannot be encoded or is too large becomes a failed row."""
    failures = dict(page.bad)
    try:
        encoded = [encode(record) for record in page.records]
    except (ValueError, TypeError, RecursionError):  # one by one, so that the faulty one is named
        encoded = [_encode(record, place, failures) for place, record in enumerate(page.records)]
    rows = []
    for place, (source_id, cursor, data, row_hash) in enumerate(
        zip(page.ids, page.cursors, encoded, hasher(encoded), strict=True)
    ):
        failure = failures.get(place) or check_record(source_id, data)
        if failure is None:
            rows.append(Row(source_id, cursor, data, row_hash))
        else:
            rows.append(refused_row(source_id, data, failure, row_hash))
            rows[-1].cursor = cursor if cursor is None else printable(cursor)
    return rows


def _encode(record: Record, place: int, failures: dict[int, Failure]) -> bytes:
    try:
        return encode(record)
    except (ValueError, TypeError, RecursionError) as error:
        message = "the record holds text that is no Unicode, or is nested too deeply"
        failures[place] = Failure(Category.PERMANENT, "invalid_record", message, str(error)[:2000])
        return encode({"unreadable": ascii(record)[:10_000]})


def unknown_row(source_id: str) -> Row:
    """Make the row of a record that the source does not know."""
    message = f"the source has no record {source_id!r}"
    failure = Failure(Category.PERMANENT, "unknown_source_id", message)
    return Row(source_id, None, b"null", "", failure)
