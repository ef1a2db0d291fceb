"""What a record needs to travel: an ID, storable texts, and a size that fits a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from syncline.domain.errors import Category, Failure


def is_storable(text: str) -> bool:
    """Tell whether databases and readers of JSON accept a text."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:  # the answer is No
        return False
    return True


def unstorable(value: object, path: str = "$") -> Iterator[str]:
    """Yield the JSON path of each text that is not storable; for a key, that of its object."""
    if isinstance(value, str):
        if not is_storable(value):
            yield path
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from unstorable(name, path)
            yield from unstorable(part, f"{path}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from unstorable(part, f"{path}[{number}]")


Value: TypeAlias = Any
"""The value of a field: any JSON value, numbers as int and Decimal."""
Record: TypeAlias = dict[str, Value]
"""A record on its way, by field: raw, canonical or payload."""
JsonObject: TypeAlias = dict[str, Value]
"""Any other JSON object: a document, a schema, a patch, the details of a change."""
MAX_SOURCE_ID_LENGTH = 512
MAX_RECORD = 900_000
"""Bytes of an encoded record above which it cannot travel."""


def check_record(source_id: str, size: int) -> Failure | None:
    """Return why a record of so many encoded bytes cannot travel at all, or None."""
    if not source_id:
        return Failure(Category.PERMANENT, "missing_source_id", "the ID column is empty")
    if "\0" in source_id:
        return Failure(Category.PERMANENT, "invalid_character", "the ID holds a NUL character")
    if len(source_id) > MAX_SOURCE_ID_LENGTH:
        message = (
            f"the ID has {len(source_id)} characters, at most {MAX_SOURCE_ID_LENGTH} are allowed"
        )
        return Failure(Category.PERMANENT, "source_id_too_long", message)
    if size > MAX_RECORD:
        message = f"the record has {size:,} bytes, at most {MAX_RECORD:,} are allowed"
        return Failure(Category.PERMANENT, "record_too_large", message)
    return None


class NewBatch(msgspec.Struct):
    """A batch about to be committed.

    Attributes:
        stage: the stage whose input topic it will enter; "" when all its records are settled.
        outcomes: one code for each record, `.` for those in flight.
        rejected: records that failed in Ingest, for the DLQ, as builtins.
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
    """Cursor values at a chunk's end: the highest with all records taken, and the highest read."""

    high: str | None = None
    read_to: str | None = None
