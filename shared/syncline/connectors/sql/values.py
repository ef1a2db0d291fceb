"""Values that JSON writes in another form than a SQL database, and those that are too long."""

from __future__ import annotations

from base64 import b64decode
from contextlib import suppress

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.record import MAX_RECORD

_encode = msgspec.json.Encoder(decimal_format="number").encode


def json_text(value: object) -> str:
    """Return a value as JSON, numbers with all their digits."""
    return _encode(value).decode()


def bytes_of(value: object) -> bytes:
    """Return a binary column's bytes, which travel as base64. Raises ValueError for others."""
    if isinstance(value, str):
        with suppress(ValueError):  # refused below, as other types are
            return b64decode(value, validate=True)
    raise ValueError("is binary and takes base64 text, which this value is not")


def too_long(name: str, size: int) -> Failure:
    """Return the failure of a record whose field is too long."""
    message = f"{name} has {size:,} bytes, and a record at most {MAX_RECORD:,}"
    return Failure(Category.PERMANENT, "record_too_large", message, field=name)
