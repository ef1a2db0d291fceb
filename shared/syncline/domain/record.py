"""What a record must be to travel: it has an ID, and fits into a message."""

from __future__ import annotations

from typing import Any, TypeAlias

from syncline.domain.errors import Category, Failure

Value: TypeAlias = Any
"""What a field of a record holds: any JSON value, numbers as int and Decimal."""
Record: TypeAlias = dict[str, Value]
"""A record on its way, by field: raw, canonical or payload."""
JsonObject: TypeAlias = dict[str, Value]
"""Any other JSON object: a document, a schema, a patch, the details of a change."""
MAX_SOURCE_ID_LENGTH = 512
MAX_RECORD = 900_000
"""Bytes of an encoded record above which it cannot travel."""


def check_record(source_id: str, data: bytes) -> Failure | None:
    """Say why a record cannot travel at all, or None."""
    if not source_id:
        return Failure(Category.PERMANENT, "missing_source_id", "the ID column is empty")
    if "\0" in source_id:
        return Failure(Category.PERMANENT, "invalid_character", "the ID holds a NUL character")
    if len(source_id) > MAX_SOURCE_ID_LENGTH:
        message = (
            f"the ID has {len(source_id)} characters, at most {MAX_SOURCE_ID_LENGTH} are allowed"
        )
        return Failure(Category.PERMANENT, "source_id_too_long", message)
    if len(data) > MAX_RECORD:
        message = f"the record has {len(data):,} bytes, at most {MAX_RECORD:,} are allowed"
        return Failure(Category.PERMANENT, "record_too_large", message)
    return None
