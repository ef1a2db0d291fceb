"""Reading single records by their IDs, however those who ask for them spell an ID."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import asyncpg
import msgspec

from syncline.connectors.port import Page
from syncline.connectors.postgresql.source.copy_stream import copied_lines
from syncline.connectors.postgresql.source.open_writers import set_output_format
from syncline.connectors.postgresql.source.pages import PageMaker
from syncline.connectors.postgresql.source.queries import TEXT, bound, bound_query
from syncline.connectors.postgresql.source.selection import as_text, selection
from syncline.connectors.postgresql.source.shape import Shape, shape_of
from syncline.connectors.postgresql.source.window import order_of
from syncline.connectors.sql.text import identifier
from syncline.domain.columns import Columns
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import is_storable

_SHORT = {"name": 63, "char": 1}
"""Types that cut what does not fit, with the bytes that do."""
_ANY_TEXT = f"{identifier('pg_catalog')}.{identifier('text')}[]"
"""The type that takes each of them."""


async def fetch_records(
    connection: asyncpg.Connection, extraction: Extraction, ids: Sequence[str]
) -> Page:
    """Read just these records, and say which of them was asked for in another spelling."""
    async with connection.transaction(readonly=True):
        await set_output_format(connection)
        shape = await shape_of(connection, extraction)
        possible = await _possible(connection, extraction, shape, ids)
        query = bound_query(extraction, shape.names, None, possible)
        chosen = selection(extraction, shape, order_of(extraction))
        column, cast = _compared(extraction, shape)
        wanted = bound(possible, f"{cast}[]")
        sql = f"select {chosen.sql} from ({query}\n) q where ({column}) = any({wanted})"
        lines = await copied_lines(connection, sql)
        if not lines:
            return Page([], [], Columns(0, {}), "", columns=tuple(shape.columns))
        page = PageMaker(extraction, chosen, list(shape.columns)).page(lines)
        given = set(page.ids)
        other = [i for i in possible if i not in given]
        asked = await _other_spellings(connection, extraction, shape, other) if other else {}
    return msgspec.structs.replace(page, position="", asked=asked)


async def _possible(
    connection: asyncpg.Connection, extraction: Extraction, shape: Shape, ids: Sequence[str]
) -> list[str]:
    """Return the IDs that can be values of the ID column, and of `:ids`; no other exists."""
    kind = shape.columns[extraction.id_column]
    most = _SHORT.get(kind.name)
    found = [i for i in ids if is_storable(i) and (most is None or len(i.encode()) <= most)]
    casts = {f"{_compared(extraction, shape)[1]}[]"} | {
        t.sql for name, t in shape.names.items() if name == "ids"
    }
    for cast in casts - {f"{TEXT}[]", _ANY_TEXT}:
        found = await _castable(connection, cast, found)
    return found


def _compared(extraction: Extraction, shape: Shape) -> tuple[str, str]:
    """Return what is compared with IDs and the type it has; arrays have none but text."""
    name = extraction.id_column
    kind = shape.columns[name]
    return (as_text(name), TEXT) if kind.kind == "array" else (f"q.{identifier(name)}", kind.sql)


async def _castable(connection: asyncpg.Connection, cast: str, ids: list[str]) -> list[str]:
    """Return the texts that a type takes, found by halving."""
    if not ids:
        return ids
    try:
        async with connection.transaction():
            await connection.fetchval(f"select ($1::text[])::{cast} is null", ids)
    except asyncpg.DataError:  # halved, until the one that is no such value is alone
        if len(ids) == 1:
            return []
        middle = len(ids) // 2
        first = await _castable(connection, cast, ids[:middle])
        return first + await _castable(connection, cast, ids[middle:])
    return ids


async def _other_spellings(
    connection: asyncpg.Connection, extraction: Extraction, shape: Shape, ids: list[str]
) -> dict[str, str]:
    """Return which of these IDs the column holds as equal, with its own spelling of them."""
    query = bound_query(extraction, shape.names, None, ids)
    only_id = dataclasses.replace(
        extraction, columns=(extraction.id_column,), cursor_column=None, filters=()
    )
    chosen = selection(only_id, shape, order_of(only_id))
    column, cast = _compared(extraction, shape)
    wanted = bound(ids, "text[]")
    sql = (
        f"select {chosen.sql}, asked.place from ({query}\n) q "
        f"join unnest({wanted}) with ordinality as asked(id, place) "
        f"on ({column}) = asked.id::{cast}"
    )
    lines = [line.rpartition(b"\t") for line in await copied_lines(connection, sql)]
    if not lines:
        return {}
    maker = PageMaker(only_id, chosen, [extraction.id_column])
    given = maker.page([line for line, _, _ in lines]).ids
    return {ids[int(line[2]) - 1]: source_id for line, source_id in zip(lines, given, strict=True)}
