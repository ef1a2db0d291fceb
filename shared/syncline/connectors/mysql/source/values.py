"""Values as MySQL writes them, and what they are in JSON, by column."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec

from syncline.connectors.mysql.kinds import Kind
from syncline.connectors.sql.values import shortest
from syncline.domain.record import Value

Cell: TypeAlias = str | bytes | None
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_NO_DATE = "0000-00-00"


def values_of(kind: Kind, cells: Sequence[Cell]) -> list[Value]:
    """Return a column's values; MySQL's date of nothing (0000-00-00) is null."""
    make = _MAKERS.get(kind)
    if make is None:
        return list(cells)
    if None not in cells:
        return make(cells)
    made = iter(make([cell for cell in cells if cell is not None]))
    return [None if cell is None else next(made) for cell in cells]


def text_of_cell(kind: Kind, cell: Cell) -> str | None:
    """Return a cell as a text that `kinds.literal` makes the same value of."""
    if isinstance(cell, bytes):
        return str(int.from_bytes(cell)) if kind is Kind.BIT else b64encode(cell).decode()
    return cell


def _floats(cells: Sequence[str]) -> list[Value]:
    return [shortest(float(cell)) for cell in cells]


def _dates(cells: Sequence[str]) -> list[Value]:
    return [None if cell == _NO_DATE else cell for cell in cells]


def _moments(cells: Sequence[str], zone: str = "") -> list[Value]:
    return [
        None if cell.startswith(_NO_DATE) else f"{cell[:10]}T{cell[11:]}{zone}" for cell in cells
    ]


_MAKERS: dict[Kind, Callable[..., list[Value]]] = {
    Kind.WHOLE: lambda cells: list(map(int, cells)),
    Kind.DECIMAL: lambda cells: list(map(Decimal, cells)),
    Kind.FLOAT: _floats,
    Kind.DOUBLE: lambda cells: list(map(float, cells)),
    Kind.DATE: _dates,
    Kind.DATETIME: _moments,
    Kind.TIMESTAMP: lambda cells: _moments(cells, "Z"),
    Kind.BIT: lambda cells: list(map(int.from_bytes, cells)),
    Kind.JSON: lambda cells: list(map(_decode, cells)),
    Kind.BINARY: lambda cells: [b64encode(cell).decode() for cell in cells],
}
"""What makes values of cells; of other kinds the cell is the value."""
