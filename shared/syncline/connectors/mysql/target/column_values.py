"""Values as SQL, in the form that a column takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from syncline.connectors.mysql.kinds import MOMENTS, NUMBERS, Kind, moment
from syncline.connectors.mysql.target.catalog import TargetColumn
from syncline.connectors.sql.values import bytes_of, finite, json_text, rewrite
from syncline.domain.errors import Failure
from syncline.domain.record import Record


def convert_values(
    records: list[Record], places: Sequence[int], columns: Mapping[str, TargetColumn]
) -> dict[int, Failure]:
    """Put SQL in place of each value; the records have the same columns.

    Returns:
        Why records cannot be written: place -> failure.
    """
    makers = {name: maker_of(columns[name]) for name in (records[places[0]] if places else ())}
    return rewrite(records, places, makers, null="null")


def maker_of(column: TargetColumn) -> Callable[[object], str]:
    """Return what makes SQL of a column's values. It raises ValueError where it takes one not."""
    if column.kind is Kind.BINARY:
        return lambda value: f"x'{bytes_of(value).hex()}'"
    if column.kind is Kind.WHOLE:
        return _whole
    if column.kind in NUMBERS:
        return _number
    return _moment if column.kind in MOMENTS else _text


def quoted(text: str) -> str:
    """Quote a text for a session in which a backslash is only that."""
    return "'" + text.replace("'", "''") + "'"


def _whole(value: object) -> str:
    """Refuse what MySQL would round without a word; of other texts it says what is wrong."""
    if value.__class__ is int:
        return str(value)
    if isinstance(value, Decimal | float | str) and (number := finite(value)) is not None:
        if number != number // 1:
            raise ValueError(f"takes whole numbers, and {str(value)[:40]!r} is none")
        return str(int(number))
    return _number(value)


def _number(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else quoted(str(value))
    if isinstance(value, bool | int):
        return str(int(value))
    return f"{value!r}e0" if isinstance(value, float) and "e" not in repr(value) else _text(value)


def _moment(value: object) -> str:
    if value.__class__ is str:
        text = str(value)
        return quoted(moment(text) or text)
    return _text(value)


def _text(value: object) -> str:
    if value.__class__ is str:
        return quoted(str(value))
    if isinstance(value, bool):
        return quoted(str(value).lower())
    if isinstance(value, Decimal):
        return quoted(f"{value:f}")
    return quoted(json_text(value))
