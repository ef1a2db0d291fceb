"""Pages of rows: plain values, IDs, cursors, and rows that tie."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.port import ExtractRequest, Page, Snapshot
from syncline.connectors.postgresql.source import open_writers
from syncline.connectors.postgresql.source.json_values import UnreadableJson
from syncline.connectors.postgresql.source.selection import Selection
from syncline.connectors.postgresql.source.shape import SqlType, shape_of
from syncline.connectors.postgresql.source.text_cursors import check_texts
from syncline.connectors.postgresql.source.window import Position, reading_query
from syncline.connectors.sql import tied_rows
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.extraction import CursorType, Extraction
from syncline.domain.record import Record

_FLOATS = frozenset({"float4", "float8", "numeric"})


class PageMaker:
    """Makes pages of one query's rows.

    Args:
        names: all columns that the source has.
        snapshot: of the read, with all that was open since it first began.
    """

    def __init__(
        self,
        extraction: Extraction,
        chosen: Selection,
        names: Sequence[str],
        snapshot: Snapshot | None = None,
    ) -> None:
        columns = dict(chosen.columns)
        self._columns = tuple(names)
        self._snapshot = snapshot
        self._open_since = snapshot.open_since if snapshot else False
        self._names = wanted = list(columns)
        self._id = wanted.index(extraction.id_column)
        cursor = extraction.cursor_column
        self._cursor = wanted.index(cursor) if cursor else None
        self._chosen = chosen
        self._numbers = [(n, i) for i, n in enumerate(wanted) if columns[n].name in _FLOATS]
        self._odd = [(wanted[place], odd) for place, odd in chosen.odd.items()]
        self._documents = [(n, i) for i, n in enumerate(wanted) if _may_be_json(columns[n])]

    def page(self, rows: Sequence[Any]) -> Page:
        """Make a page of at least one row."""
        records: list[Record] = [
            dict(zip(self._names, row, strict=False))  # twice as fast as dict(row)
            for row in rows
        ]
        for name, column in self._odd:
            for place, row in enumerate(rows):
                if row[column] is not None:
                    records[place][name] = row[column]
        self._name_numbers(rows, records)
        ids = self._texts(rows, self._id)
        cursors = self._cursors(rows)
        taken_at = self._snapshot.taken_at if self._snapshot else None
        position = Position(cursors[-1], ids[-1], self._open_since, taken_at)
        return Page(
            ["" if i is None else i for i in ids] if None in ids else ids,  # type: ignore[arg-type]
            [cursor or None for cursor in cursors],
            records,
            msgspec.json.encode(position).decode(),
            self._bad(rows, records),
            self._columns,
            self._snapshot,
        )

    def group_of(self, row: Sequence[Any]) -> list[Any]:
        return [row[place] for place in self._chosen.groups]

    def _texts(self, rows: Sequence[Any], column: int) -> list[str | None]:
        if (text := self._chosen.texts.get(column)) is not None:
            return [row[text] for row in rows]
        odd = self._chosen.odd.get(column)
        if odd is None:
            return [text_of(row[column]) for row in rows]
        return [text_of(row[column]) if row[odd] is None else row[odd] for row in rows]

    def _cursors(self, rows: Sequence[Any]) -> list[str | None]:
        if self._cursor is None:
            return [None] * len(rows)
        return self._texts(rows, self._cursor)

    def _name_numbers(self, rows: Sequence[Any], records: list[Record]) -> None:
        """Write numbers that JSON has not as PostgreSQL does: NaN, Infinity, -Infinity."""
        for name, column in self._numbers:
            for place, row in enumerate(rows):
                value = row[column]
                if value is not None and not math.isfinite(value):
                    records[place][name] = text_of(value)

    def _bad(self, rows: Sequence[Any], records: list[Record]) -> dict[int, Failure]:
        bad = {}
        for name, column in self._documents:
            for place, row in enumerate(rows):
                value = row[column]
                if value.__class__ is UnreadableJson:
                    records[place][name] = value.text
                    message = f"{name} holds JSON that cannot be read: {value.reason}"
                    bad[place] = Failure(Category.PERMANENT, "invalid_json", message, field=name)
        return bad


def _may_be_json(kind: SqlType) -> bool:
    return kind.name in ("json", "jsonb") or kind.kind in ("array", "composite")


def text_of(value: object) -> str | None:
    """Return an ID or cursor value as text that PostgreSQL reads back as the same value."""
    if value is None or value.__class__ is str:
        return value
    make = _TEXTS.get(value.__class__)
    return str(value) if make is None else make(value)


def _number(value: Decimal | float) -> str:
    if math.isfinite(value):
        return f"{value:f}" if isinstance(value, Decimal) else repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_TEXTS: dict[type, Callable[[Any], str]] = {
    datetime: lambda value: value.isoformat(sep=" "),
    date: date.isoformat,
    Decimal: _number,
    float: _number,
    bool: lambda value: str(value).lower(),
    bytes: lambda value: f"\\x{value.hex()}",
}


async def read_pages(
    connection: asyncpg.Connection, request: ExtractRequest
) -> AsyncIterator[Page]:
    """Read an extraction in one snapshot; the connection is of no other use afterwards.

    Raises what `shape_of` and `grouped` raise.
    """
    position = msgspec.json.decode(request.position, type=Position) if request.position else None
    snapshot = since_first(await open_writers.begin(connection), position, request.extraction)
    shape = await shape_of(connection, request.extraction)
    await check_texts(connection, request, shape)
    query, chosen = reading_query(request, shape, position)
    maker = PageMaker(request.extraction, chosen, list(shape.columns), snapshot)
    rows_of = await connection.cursor(query.sql, *query.values)
    async for rows in untied_pages(rows_of, maker, request.page_size):
        yield maker.page(rows)


def since_first(
    snapshot: Snapshot | None, position: Position | None, extraction: Extraction
) -> Snapshot | None:
    """Add what was open when an interrupted read began: it did not see what that wrote since.

    Times may be written to the second. Then a writer may stamp a little before it began; and one
    that began after an interrupted read may share a time with the row behind which it goes on.
    """
    if snapshot is None or (position and position.open_since is False):
        return None
    numbers = extraction.cursor_type is CursorType.ID
    moments = [snapshot.open_since]
    if position is not None:
        moments += [None if position.open_since is True else position.open_since or None]
        moments += [] if numbers else [position.taken_at]
    since = min((datetime.fromisoformat(m) for m in moments if m is not None), default=None)
    if since is not None and not numbers:
        since = since.replace(microsecond=0)
    return Snapshot(snapshot.taken_at, None if since is None else since.isoformat())


async def untied_pages(
    rows_of: asyncpg.cursor.Cursor, maker: PageMaker, size: int
) -> AsyncIterator[Sequence[Any]]:
    """Give rows in pages that never part rows of one cursor value and one ID.

    Raises:
        ConnectorError: there are more of them than can name records.
    """
    held: list[Any] = []
    while True:
        asked = tied_rows.asked_for(len(held), size)
        held += (rows := await rows_of.fetch(asked))
        if len(rows) < asked:
            break
        if untied := tied_rows.untied(held, maker.group_of):
            yield held[:untied]
            held = held[untied:]
        elif len(held) > tied_rows.MOST_TIED:
            page = maker.page(held[:1])
            raise tied_rows.not_unique(page.ids[0], page.cursors[0])
    if held:
        yield held
