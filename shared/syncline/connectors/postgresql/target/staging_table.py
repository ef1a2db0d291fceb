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
    """Write records, which all have the same keys in the same order, as COPY's text format.

    The quick way escapes nothing; counting separators afterwards shows whether it was right.
    """
    plain = "\n".join(
        [
            "\t".join([v if v.__class__ is str else PLAIN[v.__class__](v) for v in r.values()])
            for r in records
        ]
    )
    if _is_right(plain, records):
        return plain + "\n"
    lines = ["\t".join([_escaped(value) for value in record.values()]) for record in records]
    return "\n".join(lines) + "\n"


def _is_right(plain: str, records: Records) -> bool:
    """Tell whether unescaped text is correct: it has as many separators as it must have."""
    nulls = plain.count(NULL)
    return (
        plain.count("\t") == sum(map(len, records)) - len(records)
        and plain.count("\n") == len(records) - 1
        and "\\" not in plain
        and "\r" not in plain
        and (not nulls or nulls == sum(list(r.values()).count(None) for r in records))
    )


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
