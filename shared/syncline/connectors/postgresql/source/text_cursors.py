"""Cursor columns that are text: whether their values sort as time or numbers do."""

from __future__ import annotations

import re

import asyncpg

from syncline.connectors.errors import refusal
from syncline.connectors.port import ExtractRequest
from syncline.connectors.postgresql.source.queries import TEXT, bound, bound_query
from syncline.connectors.postgresql.source.shape import Shape
from syncline.connectors.sql.text import identifier
from syncline.connectors.sql.text_dates import form_of
from syncline.domain.mapping.extraction import EPOCHS, CursorType, Extraction

TEXTS = frozenset({"text", "varchar", "bpchar"})
_READ = 1000
"""Characters of a value that is looked at; one may have a billion."""


async def check_texts(
    connection: asyncpg.Connection, request: ExtractRequest, shape: Shape
) -> None:
    """Look whether all values of a text column are written alike; other columns have an order.

    Raises ConnectorError where the values do not sort as time or numbers go: rows would be missed.
    """
    name = request.extraction.cursor_column
    if name is None or shape.columns[name].name not in TEXTS:
        return
    query = bound_query(request.extraction, shape.names, request.after, None)
    column = f"q.{identifier(name)}"
    some = f"from ({query}\n) q where {column} <> ''"
    value = request.after
    if value is None:
        value = await connection.fetchval(f"select left(max({column}), {_READ}) {some}")
    if value is None or (pattern := _pattern(value, request.extraction)) is None:
        return
    alike = bound(pattern, TEXT)
    sql = f"select left({column}, {_READ}) {some} and not {column} ~ {alike} limit 1"
    other = await connection.fetchval(sql)
    if other is not None:
        raise refusal("mixed_cursor", _MIXED.format(name, value[:60], other[:60]), name)


def _pattern(value: str, extraction: Extraction) -> str | None:
    """Return a pattern that all values must match; None for texts that are compared as such."""
    if extraction.cursor_type is CursorType.ID:
        digits = re.fullmatch(r"[0-9]+", value)
        return f"^[0-9]{{{len(value)}}}$" if digits else None
    named = extraction.cursor_format
    form = form_of(value.rstrip(" "), None if named in EPOCHS else named, bytewise=False)
    if form is None:
        column = extraction.cursor_column
        raise refusal("invalid_cursor", _UNSORTED.format(column, value[:60]), column)
    return form.regex().replace(")$", ") *$")


_MIXED = (
    "{0} holds {1!r} and {2!r}: texts are compared letter by letter, and so written they do not "
    "follow each other, so rows would be passed over. Write all in one way, or give the column so "
    "by `sql`, for instance `{0}::timestamptz as {0}`"
)
_UNSORTED = (
    "{0} holds {1!r} as a cursor value: texts are compared letter by letter, and times so written "
    "do not follow each other. Give them by `sql` as times, for instance "
    "`to_timestamp({0}, 'DD.MM.YYYY HH24:MI') as {0}`, or set cursorType `id` where it is no time"
)
