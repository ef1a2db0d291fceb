"""Values as texts, in the form that SQL Server makes a column's values of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from syncline.connectors.mssql.kinds import MOMENTS, NUMBERS, Kind, length_of, text_for
from syncline.connectors.mssql.target.catalog import TargetColumn
from syncline.connectors.sql.values import bytes_of, json_text, rewrite, whole_number
from syncline.domain.errors import Failure
from syncline.domain.record import Record


def convert_values(
    records: list[Record], places: Sequence[int], columns: Mapping[str, TargetColumn]
) -> dict[int, Failure]:
    """Put a text in place of each value, None for null; the records have the same columns.

    Returns:
        Why records cannot be written: place -> failure.
    """
    makers = {name: maker_of(columns[name]) for name in (records[places[0]] if places else ())}
    return rewrite(records, places, makers)


def maker_of(column: TargetColumn) -> Callable[[object], str]:
    """Return what makes texts of a column's values. It raises ValueError where it takes one not."""
    kind = column.kind
    if kind is Kind.BINARY:
        return lambda value: bytes_of(value).hex()
    if kind is Kind.TEXT:
        return _text(length_of(column.declared))
    if kind is Kind.WHOLE:
        return lambda value: str(whole_number(value))
    if kind is Kind.OTHER:
        words = f"is {column.declared or 'of a type of its own'}, which Syncline cannot write"

        def refuse(_value: object) -> str:
            raise ValueError(words)

        return refuse
    form = _FORMS.get(kind, "ISO 8601 times" if kind in MOMENTS else str(kind))

    def make(value: object) -> str:
        text = text_for(kind, _plain(value, is_number=kind in NUMBERS))
        if text is None:
            raise ValueError(f"takes {form}, and {str(value)[:40]!r} is none")
        return text

    return make


_FORMS = {
    Kind.BIT: "true and false",
    Kind.DECIMAL: "numbers",
    Kind.REAL: "numbers",
    Kind.FLOAT: "numbers",
    Kind.TIME: "times of day",
    Kind.GUID: "GUIDs",
}


def _plain(value: object, *, is_number: bool) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = value if isinstance(value, str) else json_text(value)
    return {"true": "1", "false": "0"}.get(text, text) if is_number else text


def _text(length: int | None) -> Callable[[object], str]:
    def make(value: object) -> str:
        if value.__class__ is str:
            text = str(value)
        elif isinstance(value, Decimal):
            text = f"{value:f}"
        else:
            text = json_text(value)
        if length is not None and len(text) > length and len(text.rstrip(" ")) > length:
            raise ValueError(f"takes {length:,} characters, and the value has {len(text):,}")
        return text

    return make
