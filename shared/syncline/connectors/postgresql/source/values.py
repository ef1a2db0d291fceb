"""Values as COPY writes them, and what they are in JSON and as IDs and cursors, by column."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from datetime import time
from decimal import Decimal
from typing import TypeAlias

import msgspec

from syncline.connectors.postgresql.source.shape import SqlType
from syncline.domain.record import Value

Texts: TypeAlias = list[str | None]
"""A column as COPY writes it, without its escapes; None where the source says null."""
_NULL = "\\N"
_ESCAPED = re.compile(r"\\([bfnrtv\\])")
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class UnreadableJson(msgspec.Struct, frozen=True):
    """A JSON value that cannot be read: its text, and why."""

    text: str
    reason: str


def columns_of(lines: Sequence[bytes], width: int, places: Iterable[int]) -> list[Texts]:
    """Part lines into so many columns, and return those at these places."""
    text = b"\t".join(lines).decode()
    cells = text.split("\t")
    columns: list[Texts] = [cells[place::width] for place in places]  # type: ignore[misc]
    if "\\" not in text:
        return columns
    only_nulls = text.count("\\") == cells.count(_NULL)
    return [_unescaped(column, only_nulls=only_nulls) for column in columns]


def _unescaped(column: Texts, *, only_nulls: bool) -> Texts:
    if only_nulls:
        return [None if v == _NULL else v for v in column] if _NULL in column else column
    return [v if v is None or "\\" not in v else _meant(v) for v in column]


def _meant(cell: str) -> str | None:
    return None if cell == _NULL else _ESCAPED.sub(lambda found: _MEANT[found[1]], cell)


def values_of(kind: SqlType, column: Texts) -> list[Value]:
    """Return a column's values: plain, an object or list, or PostgreSQL's text."""
    make = _VALUES.get(kind.name, _documents if kind.is_document else None)
    if make is None:
        return column
    if None not in column:
        return make(column)  # type: ignore[arg-type]
    made = iter(make([v for v in column if v is not None]))
    return [None if v is None else next(made) for v in column]


def texts_of(kind: SqlType, column: Texts) -> Texts:
    """Return IDs or cursor values as text that PostgreSQL reads back as the same values."""
    make = _TEXTS.get(kind.name)
    if make is None:
        return column
    if kind.name == "timestamptz" and set(map(len, filter(None, column))) == {22}:  # full seconds
        return [t and f"{t[:19]}+00:00" for t in column]
    return [None if t is None else make(t) for t in column]


def _numbers(texts: Sequence[str]) -> list[Value]:
    numbers = list(map(Decimal, texts))
    if all(map(Decimal.is_finite, numbers)):
        return numbers
    return [n if n.is_finite() else text for n, text in zip(numbers, texts, strict=True)]


def _floats(texts: Sequence[str]) -> list[Value]:
    numbers = list(map(float, texts))
    if all(map(math.isfinite, numbers)):
        return numbers
    return [n if math.isfinite(n) else text for n, text in zip(numbers, texts, strict=True)]


def _documents(texts: Sequence[str]) -> list[Value]:
    try:
        return list(map(_decode, texts))
    except (ValueError, RecursionError):  # one by one, so that the faulty one is found
        return list(map(_document, texts))


def _document(text: str) -> Value:
    try:
        return _decode(text)
    except ValueError as error:
        return UnreadableJson(text, str(error))
    except RecursionError:  # becomes a failure of its record
        return UnreadableJson(text, "it is nested too deeply")


def _binaries(value: Value) -> Value:
    """Write the binary values of an array, however deep, as base64."""
    if isinstance(value, list):
        return [_binaries(each) for each in value]
    return _binary(value) if isinstance(value, str) else value


def _binary(text: str) -> str:
    return b64encode(bytes.fromhex(text[2:])).decode()


def _is_usual(text: str) -> bool:
    """Tell a date or time that ISO 8601 has from infinity, 44 BC and the year 12000."""
    return text[4:5] == "-" and text[-1] != "C"


def _fraction(text: str) -> str:
    """Write a time's fraction of a second with all six digits."""
    return text if len(text) == 8 else text.ljust(15, "0")


def _moment(text: str) -> str:
    return f"{text[:10]}T{_fraction(text[11:])}" if _is_usual(text) else text


def _moment_in_utc(text: str) -> str:
    return f"{text[:10]}T{_fraction(text[11:-3])}Z" if _is_usual(text) else text


def _moment_text(text: str) -> str:
    return f"{text[:11]}{_fraction(text[11:])}" if _is_usual(text) else text


def _moment_text_in_utc(text: str) -> str:
    return f"{text[:11]}{_fraction(text[11:-3])}+00:00" if _is_usual(text) else text


def _zoned_time(text: str) -> time | str:
    return text if text.startswith("24") else time.fromisoformat(text)


def _float_text(text: str) -> str:
    number = float(text)
    return repr(number) if math.isfinite(number) else text


_VALUES: dict[str, Callable[[Sequence[str]], list[Value]]] = {
    **dict.fromkeys(("int2", "int4", "int8"), lambda texts: list(map(int, texts))),
    **dict.fromkeys(("float4", "float8"), _floats),
    **dict.fromkeys(("numeric", "money"), _numbers),
    "bool": lambda texts: [text == "t" for text in texts],
    "bytea": lambda texts: list(map(_binary, texts)),
    "bytea[]": lambda texts: [_binaries(document) for document in _documents(texts)],
    "time": lambda texts: list(map(_fraction, texts)),
    "timetz": lambda texts: list(map(_zoned_time, texts)),
    "timestamp": lambda texts: [
        f"{t[:10]}T{t[11:]}" if len(t) == 19 else _moment(t) for t in texts
    ],
    "timestamptz": lambda texts: [
        f"{t[:10]}T{t[11:19]}Z" if len(t) == 22 else _moment_in_utc(t) for t in texts
    ],
}
"""What makes values of texts; of other types the text is the value."""
_TEXTS: dict[str, Callable[[str], str]] = {
    "bool": {"t": "true", "f": "false"}.__getitem__,
    "float4": _float_text,
    "float8": _float_text,
    "time": _fraction,
    "timetz": lambda text: str(_zoned_time(text)),
    "timestamp": _moment_text,
    "timestamptz": _moment_text_in_utc,
}
"""What makes an ID or cursor of a text, where it is not the text itself."""
