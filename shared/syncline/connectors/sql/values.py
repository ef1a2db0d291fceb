"""Values that JSON writes in another form than a SQL database, and those that are too long."""

from __future__ import annotations

import struct
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation

import msgspec

from syncline.domain.errors import Category, Failure
from syncline.domain.record import MAX_RECORD, Record

_DIGITS = 65
"""More than a number of any database has."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


def rewrite(
    records: list[Record],
    places: Sequence[int],
    makers: Mapping[str, Callable[[object], object]],
    null: str | None = None,
) -> dict[int, Failure]:
    """Rewrite values of some columns in place, as the database takes them.

    Args:
        places: of the records; all of them have these columns.
        makers: by column, what makes its values; raises ValueError for one that it takes not.
        null: what stands for null.

    Returns:
        Why records cannot be written: place -> failure.
    """
    failures: dict[int, Failure] = {}
    for place in places if makers else ():
        record = records[place]
        for name, make in makers.items():
            value = record[name]
            try:
                record[name] = null if value is None else make(value)
            except ValueError as error:
                message = f"the column {name!r} {error}"
                failures[place] = Failure(Category.PERMANENT, "value_refused", message, field=name)
    return failures


def json_text(value: object) -> str:
    """Return a value as JSON, numbers with all their digits."""
    return _encode(value).decode()


def bytes_of(value: object) -> bytes:
    """Return a binary column's bytes, which travel as base64. Raises ValueError for others."""
    if isinstance(value, str):
        with suppress(ValueError):  # refused below, as other types are
            return b64decode(value, validate=True)
    raise ValueError("is binary and takes base64 text, which this value is not")


def whole_number(value: object) -> int:
    """Return a whole number. Raises ValueError for others, which databases would round."""
    if isinstance(value, int):
        return int(value)
    number = finite(value) if isinstance(value, Decimal | float | str) else None
    if number is None or number != number // 1:
        raise ValueError(f"takes whole numbers, and {str(value)[:40]!r} is none")
    return int(number)


def finite(value: Decimal | float | str) -> Decimal | None:
    """Return a number of a size that databases have; None for all else."""
    try:
        number = Decimal(value)
    except InvalidOperation:  # no number
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _DIGITS else None


def shortest(number: float) -> float:
    """Return the number with the fewest digits that is the same in four bytes."""
    packed = struct.pack("f", number)
    for digits in range(6, 9):
        short = float(f"{number:.{digits}g}")
        if struct.pack("f", short) == packed:
            return short
    return float(f"{number:.9g}")


def too_long(name: str, size: int) -> Failure:
    """Return the failure of a record whose field is too long."""
    message = f"{name} has {size:,} bytes, and a record at most {MAX_RECORD:,}"
    return Failure(Category.PERMANENT, "record_too_large", message, field=name)
