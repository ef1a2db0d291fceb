"""Values as they are bound, in the form that a column takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal

from syncline.connectors.dbapi.kinds import MOMENTS, Kind, bindable
from syncline.connectors.oracle.target.catalog import TargetColumn
from syncline.connectors.sql.values import bytes_of, json_text, rewrite, whole_number
from syncline.domain.errors import Failure
from syncline.domain.record import Record

_DIGITS = 38
"""That a NUMBER surely keeps; more are rounded without a word."""
_CODECS = {
    "US7ASCII": "ascii",
    "WE8ISO8859P1": "latin-1",
    "WE8ISO8859P15": "iso8859-15",
    "WE8MSWIN1252": "cp1252",
    "EE8MSWIN1250": "cp1250",
    "CL8MSWIN1251": "cp1251",
}
"""Of databases that cannot hold every character: Oracle writes `?` for the others."""


def convert_values(
    records: list[Record],
    places: Sequence[int],
    columns: Mapping[str, TargetColumn],
    key: Collection[str],
    charset: str,
) -> dict[int, Failure]:
    """Put what is bound in place of each value; the records have the same columns.

    An empty text is null, as Oracle has it; one of the match key fails its record.

    Args:
        key: the columns of the match key.
        charset: of the database.

    Returns:
        Why records cannot be written: place -> failure.
    """
    names = records[places[0]] if places else ()
    makers = {name: maker_of(columns[name], charset, is_key=name in key) for name in names}
    return rewrite(records, places, makers)


def maker_of(
    column: TargetColumn, charset: str, *, is_key: bool = False
) -> Callable[[object], object]:
    """Return what makes a column's values. It raises ValueError where it takes one not."""
    make = _maker(column, charset)
    if not is_key:
        return make

    def keyed(value: object) -> object:
        if (made := make(value)) is None:
            raise ValueError("is part of the match key and empty, which is null in Oracle")
        return made

    return keyed


def _maker(column: TargetColumn, charset: str) -> Callable[[object], object]:
    kind = column.kind
    if kind in (Kind.TEXT, Kind.FIXED, Kind.LONG_TEXT):
        return _text(column, "" if column.type.startswith("N") else charset)
    if kind is Kind.WHOLE:
        return lambda value: _number(Decimal(whole_number(_plain(value))))
    if kind is Kind.LONG_RAW:
        return bytes_of
    return _raw(column) if kind is Kind.RAW else _typed(column)


def _typed(column: TargetColumn) -> Callable[[object], object]:
    kind = column.kind
    form = {Kind.BOOLEAN: "true and false"}.get(kind, "numbers")
    if kind in MOMENTS:
        form = "ISO 8601 times"

    def make(value: object) -> object:
        if kind is Kind.OTHER:
            raise ValueError(f"is {column.type}, which Syncline cannot write")
        made = bindable(kind, _said(value))
        if made is None:
            raise ValueError(f"takes {form}, and {str(value)[:40]!r} is none")
        return _number(made) if isinstance(made, Decimal) else made

    return make


def _raw(column: TargetColumn) -> Callable[[object], str | None]:
    def make(value: object) -> str | None:
        text = _said(value)
        if bindable(Kind.RAW, text) is None:
            raise ValueError(f"takes hexadecimal digits, and {text[:40]!r} is none")
        if column.length is not None and len(text) > 2 * column.length:
            raise ValueError(f"takes {column.length:,} bytes, and the value has {len(text) // 2:,}")
        return text or None

    return make


def _plain(value: object) -> object:
    return {"true": 1, "false": 0}.get(value, value) if isinstance(value, str) else value


def _said(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if isinstance(value, str) else json_text(value)


def _number(number: Decimal) -> Decimal:
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > _DIGITS:
        raise ValueError(f"takes {_DIGITS} digits, and {str(number)[:60]} has more")
    return number


def _text(column: TargetColumn, charset: str) -> Callable[[object], str | None]:
    codec, length = _CODECS.get(charset, "utf-8"), column.length

    def make(value: object) -> str | None:
        text = _said(value)
        try:
            size = len(text) if text.isascii() else len(text.encode(codec))
        except UnicodeEncodeError as error:
            sign = text[error.start]
            words = f"cannot hold {sign!r}: the database's character set is {charset}"
            raise ValueError(words) from error
        if length is not None and not column.in_bytes:
            size = len(text)
        if length is not None and size > length:
            unit = "bytes" if column.in_bytes else "characters"
            raise ValueError(f"takes {length:,} {unit}, and the value has {size:,}")
        return text or None

    return make
