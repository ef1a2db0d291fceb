"""Values as a column takes them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from syncline.connectors.sql.values import bytes_of, json_text
from syncline.connectors.sqlite.tables import TargetColumn

_INFINITE = ("Infinity", "-Infinity")
"""How infinite numbers travel, which JSON has not."""


def value_for(value: object, column: TargetColumn) -> object:
    """Return a value as SQLite takes it: decimals as text, of which it keeps what it can.

    Raises:
        ValueError: the column is binary, and the value is no base64 text.
    """
    if column.binary:
        return None if value is None else bytes_of(value)
    if value.__class__ is str and value in _INFINITE and column.affinity in ("REAL", "NUMERIC"):
        return float(value)
    make = _MAKERS.get(value.__class__)
    return value if make is None else make(value, column.affinity == "TEXT")


def _whole_number(value: int, is_text: bool) -> int | str:
    return str(value) if is_text else value


def _boolean(value: bool, is_text: bool) -> int | str:
    return str(value).lower() if is_text else int(value)


_MAKERS: dict[type, Callable[[Any, bool], Any]] = {
    int: _whole_number,
    bool: _boolean,
    Decimal: lambda value, _is_text: f"{value:f}",
    dict: lambda value, _is_text: json_text(value),
    list: lambda value, _is_text: json_text(value),
}
