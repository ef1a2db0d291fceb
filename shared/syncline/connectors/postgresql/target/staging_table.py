"""Records into a table by COPY: from lines of JSON, which are nearly its CSV format, or as text."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import TypeAlias

import asyncpg
import msgspec

from syncline.connectors.postgresql.target.catalog import TargetColumn
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.values import json_text
from syncline.domain.record import JsonObject, Value

Records: TypeAlias = Sequence[JsonObject]
_NONE = type(None)
NULL = "\x02"
"""What stands for null; a text that is just this character is escaped."""
_ESCAPES = {b"\\": b"\\\\", b"\t": b"\\t", b"\n": b"\\n", b"\r": b"\\r", NULL.encode(): b"\\x02"}
_OTHER_ESCAPE = re.compile(rb'\\[^"]')
_LONG = 2_000
"""Characters of a row from which on it is cheaper to look for a character than to count it."""


class CopyRows(msgspec.Struct, frozen=True):
    """Rows in a format of COPY: its text format, or CSV with the escapes of JSON."""

    data: bytes
    is_csv: bool = False


async def create_staged(connection: asyncpg.Connection, columns: Sequence[TargetColumn]) -> str:
    """Make the temporary table for these columns in this transaction, and return its name.

    It is named by what it is made of, and kept for the next bulk. Not so where a type is not
    PostgreSQL's own: whoever owns that could not alter or drop it while the table is there.
    """
    made = ", ".join(f"{identifier(c.name)} {_type(c)}" for c in columns)
    name = f"_syncline_{blake2b(made.encode(), digest_size=12).hexdigest()}"
    end = "delete rows" if all(column.own for column in columns) else "drop"
    await connection.execute(f"create temp table if not exists {name} ({made}) on commit {end}")
    return f"pg_temp.{name}"


def _type(column: TargetColumn) -> str:
    if column.composite:
        return "json"
    return f"{column.staged} collate {column.collation}" if column.collation else column.staged


def staged_value(column: TargetColumn) -> str:
    """Return the expression that reads a column from the temporary table, called `s`."""
    name = identifier(column.name)
    if not column.composite:
        return f"s.{name}"
    return f"(select v from json_to_record(json_build_object('v', s.{name})) as x(v {column.type}))"


async def copy_rows(
    connection: asyncpg.Connection,
    table: tuple[str | None, str],
    columns: Sequence[str],
    rows: CopyRows,
) -> None:
    """Copy rows into these columns.

    Args:
        table: schema and name; a temporary table needs no schema.
    """

    async def chunks() -> AsyncIterator[bytes]:
        yield rows.data

    await connection.copy_to_table(
        table[1],
        schema_name=table[0],
        source=chunks(),
        columns=list(columns),
        format="csv" if rows.is_csv else "text",
        null="null" if rows.is_csv else NULL,
        escape="\\" if rows.is_csv else None,
    )


def csv_of(lines: bytes) -> CopyRows | None:
    """Take lines of JSON values as CSV; None where a value has an escape that CSV has not.

    CSV takes what stands in quotes as it is, but for an escaped quote or backslash. `null` without
    quotes is null.
    """
    if b"\\" in lines and _OTHER_ESCAPE.search(lines.replace(b"\\\\", b"")):
        return None
    return CopyRows(lines, is_csv=True)


def text_of(records: Records) -> CopyRows:
    """Write records, which all have the same keys in the same order, as COPY's text format."""
    return CopyRows(copy_text(list(zip(*(record.values() for record in records), strict=True))))


def copy_text(columns: Sequence[Sequence[Value]]) -> bytes:
    """Write columns as COPY's text format."""
    kinds = [set(map(type, column)) for column in columns]
    texts = list(map(_texts, columns, kinds))
    if sum(len(column[0]) for column in texts) <= _LONG:
        nulls = sum(c.count(None) for c, own in zip(columns, kinds, strict=True) if _NONE in own)
        if (plain := _plain_rows(texts, nulls)) is not None:
            return plain
    cells = list(map(_cells, columns, texts))
    return b"\n".join([*map(b"\t".join, zip(*cells, strict=True)), b""])


def _plain_rows(texts: Sequence[Sequence[str]], nulls: int) -> bytes | None:
    """Join rows; None where counting separators afterwards shows that a text has to be escaped."""
    lines = "\n".join(map("\t".join, zip(*texts, strict=True)))
    size = len(texts[0])
    is_right = (
        lines.count("\t") == size * (len(texts) - 1)
        and lines.count("\n") == size - 1
        and lines.count(NULL) == nulls
        and "\\" not in lines
        and "\r" not in lines
    )
    return (lines + "\n").encode() if is_right else None


def _cells(column: Sequence[Value], texts: Sequence[str]) -> list[bytes]:
    null = NULL.encode()
    return [
        null if value is None else _escaped(text.encode())
        for value, text in zip(column, texts, strict=True)
    ]


def _escaped(text: bytes) -> bytes:
    for special, escape in _ESCAPES.items():  # the backslash first
        if special in text:
            text = text.replace(special, escape)
    return text


def _texts(column: Sequence[Value], kinds: set[type]) -> Sequence[str]:
    if kinds == {str}:
        return column
    if kinds == {str, _NONE}:
        return [NULL if value is None else value for value in column]
    if len(kinds) == 1:
        return list(map(PLAIN[next(iter(kinds))], column))
    return [value if value.__class__ is str else PLAIN[value.__class__](value) for value in column]


PLAIN: dict[type, Callable[[Value], str]] = {
    int: str,
    Decimal: str,
    float: str,
    bool: ("false", "true").__getitem__,
    type(None): lambda _value: NULL,
    dict: json_text,
    list: json_text,
}
