"""Records into a temporary table by COPY, in its text format."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import TypeAlias

import asyncpg

from syncline.connectors.postgresql.target.catalog import TargetColumn
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.values import json_text
from syncline.domain.record import JsonObject, Value

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x02": "\\x02"})
Records: TypeAlias = Sequence[JsonObject]
_NONE = type(None)
NULL = "\x02"
"""What stands for null; a text that is just this character is escaped."""


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
    connection: asyncpg.Connection, table: tuple[str | None, str], columns: Sequence[str], text: str
) -> None:
    """Copy rows, written in COPY's text format, into these columns.

    Args:
        table: schema and name; a temporary table needs no schema.
    """

    async def chunks() -> AsyncIterator[bytes]:
        yield text.encode()

    await connection.copy_to_table(
        table[1],
        schema_name=table[0],
        source=chunks(),
        columns=list(columns),
        format="text",
        null=NULL,
    )


def copy_text_of(records: Records) -> str:
    """Write records, which all have the same keys in the same order, as COPY's text format."""
    plain = copy_text(list(zip(*(record.values() for record in records), strict=True)))
    if plain is not None:
        return plain
    lines = ["\t".join([_escaped(value) for value in record.values()]) for record in records]
    return "\n".join(lines) + "\n"


def copy_text(columns: Sequence[Sequence[Value]]) -> str | None:
    """Write columns as COPY's text format; None where a value holds what has to be escaped.

    Nothing is escaped: counting separators afterwards shows whether that was right.
    """
    kinds = [set(map(type, column)) for column in columns]
    texts = list(map(_texts, columns, kinds))
    lines = "\n".join(map("\t".join, zip(*texts, strict=True)))
    nulls = sum(c.count(None) for c, own in zip(columns, kinds, strict=True) if _NONE in own)
    size = len(columns[0])
    is_right = (
        lines.count("\t") == size * (len(columns) - 1)
        and lines.count("\n") == size - 1
        and lines.count(NULL) == nulls
        and "\\" not in lines
        and "\r" not in lines
    )
    return lines + "\n" if is_right else None


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


def _escaped(value: object) -> str:
    if value is None:
        return NULL
    text = value if isinstance(value, str) else PLAIN[type(value)](value)
    return text.translate(_ESCAPES)
