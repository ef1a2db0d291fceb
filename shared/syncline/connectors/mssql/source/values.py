"""Values as SQL Server gives them, and what they are in JSON, by column."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from syncline.connectors.mssql.kinds import Kind
from syncline.connectors.sql.values import shortest
from syncline.domain.record import Value


def values_of(kind: Kind, cells: Sequence[object]) -> list[Value]:
    """Return a column's values; those of a column of unknown kind go by what the driver made."""
    make = _MAKERS.get(kind)
    if make is None:
        first = next((cell for cell in cells if cell is not None), None)
        make = _BY_CLASS.get(first.__class__)
    if make is None:
        return list(cells)  # texts, numbers, true and false
    return [None if cell is None else make(cell) for cell in cells]


def key_text(kind: Kind, cell: object) -> str | None:
    """Return a cell as a text that `kinds.made` makes the same value of."""
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return str(int(cell)) if isinstance(cell, bool) else str(cell)


def moment_text(text: str) -> Value:
    """Write `2026-01-31 10:00:00.5 +02:00` as ISO 8601 has it; fractions of nothing go."""
    day, _, rest = text.partition(" ")
    if not rest:
        return day
    clock, _, zone = rest.partition(" ")
    whole, _, fraction = clock.partition(".")
    fraction = fraction.rstrip("0")
    return f"{day}T{whole}{'.' if fraction else ''}{fraction}{zone}"


_MAKERS: dict[Kind, Callable[..., Value]] = {
    Kind.DATETIME: moment_text,
    Kind.OFFSET: moment_text,
    Kind.REAL: shortest,
    Kind.BINARY: lambda cell: b64encode(cell).decode(),
}
"""What makes values of cells; of other kinds the cell is the value."""
_BY_CLASS: dict[type[object], Callable[..., Value]] = {
    bytes: lambda cell: b64encode(cell).decode(),
    bytearray: lambda cell: b64encode(cell).decode(),
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    UUID: lambda cell: str(cell).upper(),
}
