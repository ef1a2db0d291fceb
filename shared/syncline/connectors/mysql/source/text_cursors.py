"""Cursor columns that are text: whether their values sort as time or numbers do."""

from __future__ import annotations

from collections.abc import Mapping

from syncline.connectors.mysql.kinds import Kind
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.source.shape import Column
from syncline.connectors.mysql.text import text_literal
from syncline.connectors.port import ExtractRequest
from syncline.connectors.sql.text_dates import mixed_texts, text_pattern

_READ = 1000
"""Characters of a value that is looked at; one may have a billion."""
_ADVICE = "str_to_date({0}, '%d.%m.%Y %H:%i') as {0}"


async def check_texts(
    session: Session, request: ExtractRequest, query: str, shape: Mapping[str, Column]
) -> None:
    """Look whether all values of a text column are written alike; other columns have an order.

    Raises ConnectorError where the values do not sort as time or numbers go: rows would be missed.
    """
    name = request.extraction.cursor_column
    if name is None or shape[name].kind is not Kind.TEXT:
        return
    column = shape[name].key
    some = f"from ({query}\n) q where {column} <> ''"
    value = request.after
    if value is None:
        [[found]] = await session.rows(f"select left(max({column}), {_READ}) {some}")
        value = None if found is None else str(found)
    if value is None or (pattern := text_pattern(value, request.extraction, _ADVICE)) is None:
        return
    exact = f"convert({column} using utf8mb4) collate utf8mb4_bin"
    sql = f"select left({column}, {_READ}) {some} and not {exact} regexp {text_literal(pattern)}"
    if other := await session.rows(f"{sql} limit 1"):
        raise mixed_texts(name, value, str(other[0][0]), _ADVICE)
