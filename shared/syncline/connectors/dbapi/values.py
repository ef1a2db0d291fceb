"""Values as a driver gives them, and what they are in JSON, by column."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite

from syncline.connectors.dbapi.kinds import Kind
from syncline.connectors.sql.values import shortest
from syncline.domain.record import Value


def values_of(kind: Kind, cells: Sequence[object]) -> list[Value]:
    """Return a column's values; those without a form of their own go by what the driver made."""
    make = _MAKERS.get(kind)
    if make is None:
        first = next((cell for cell in cells if cell is not None), None)
        if first is None or isinstance(first, _AS_THEY_ARE):
            return list(cells)
        make = next((m for t, m in _BY_CLASS.items() if isinstance(first, t)), str)
    return [None if cell is None else make(cell) for cell in cells]


def moment_text(text: str) -> str:
    """Write `2026-01-31 10:00:00.5 +02:00` as ISO 8601 has it; fractions of nothing go."""
    day, _, rest = text.strip().partition(" ")
    if not rest:
        return day
    clock, _, zone = rest.partition(" ")
    whole, _, fraction = clock.partition(".")
    fraction = fraction.rstrip("0")
    return f"{day}T{whole}{'.' if fraction else ''}{fraction}{zone}"


def _number(cell: float) -> Value:
    return cell if isfinite(cell) else str(cell)


def _base64(cell: bytes) -> str:
    return b64encode(cell).decode()


_AS_THEY_ARE = (str, int, float, Decimal, dict, list)
_MAKERS: dict[Kind, Callable[..., Value]] = {
    Kind.DATE: moment_text,
    Kind.SECOND: moment_text,
    Kind.MOMENT: moment_text,
    Kind.OFFSET: moment_text,
    Kind.REAL: lambda cell: shortest(cell) if isfinite(cell) else str(cell),
    Kind.DOUBLE: _number,
    Kind.BOOLEAN: bool,
    Kind.LONG_RAW: _base64,
}
"""What makes values of cells; of other kinds the cell is the value."""
_BY_CLASS: dict[type[object], Callable[..., Value]] = {
    bytes: _base64,
    memoryview: _base64,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
}
