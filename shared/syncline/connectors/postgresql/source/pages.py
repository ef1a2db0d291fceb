"""Pages of rows: plain values, IDs, cursors, and rows that tie."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime

import asyncpg
import msgspec

from syncline.connectors.port import ExtractRequest, Page, SourceSnapshot
from syncline.connectors.postgresql.source import open_writers
from syncline.connectors.postgresql.source.copy_stream import CopyStream
from syncline.connectors.postgresql.source.long_fields import take_marks_out
from syncline.connectors.postgresql.source.selection import RowSelection
from syncline.connectors.postgresql.source.shape import shape_of
from syncline.connectors.postgresql.source.text_cursors import check_texts
from syncline.connectors.postgresql.source.values import (
    UnreadableJson,
    columns_of,
    texts_of,
    values_of,
)
from syncline.connectors.postgresql.source.window import Position, reading_query
from syncline.connectors.sql.tied_rows import UntiedPages
from syncline.connectors.sql.values import too_long
from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.extraction import CursorType, Extraction
from syncline.domain.record import Value


class PageMaker:
    """Makes pages of one query's rows.

    Args:
        names: all columns that the source has.
        snapshot: of the read, with all that was open since it first began.
    """

    def __init__(
        self,
        extraction: Extraction,
        chosen: RowSelection,
        names: Sequence[str],
        snapshot: SourceSnapshot | None = None,
    ) -> None:
        self._columns = tuple(names)
        self._snapshot = snapshot
        self._open_since = snapshot.open_since if snapshot else False
        wanted, keys = list(chosen.columns), [extraction.id_column, extraction.cursor_column]
        self._keys = [
            (chosen.texts.get(wanted.index(name), wanted.index(name)), chosen.columns[name])
            for name in keys
            if name is not None
        ]
        self._chosen = chosen
        layout = [(name, kind.sql) for name, kind in chosen.columns.items()]
        self._layout = msgspec.json.encode(layout)
        self._width = chosen.width - chosen.is_ranked
        self._documents = [name for name, kind in chosen.columns.items() if kind.is_document]

    def page(self, rows: Sequence[bytes]) -> Page:
        """Make a page of at least one row, as COPY gives them."""
        data = list(rows)
        if self._chosen.is_ranked:
            data = [row.rpartition(b"\t")[0] for row in rows]
        long = take_marks_out(data, self._chosen.mark)
        lines = Lines(data, self._layout, self.columns)
        ids, *rest = [
            texts_of(kind, columns_of(_cells(data, place, self._width), 1, [0])[0])
            for place, kind in self._keys
        ]
        cursors = rest[0] if rest else [None] * len(rows)
        taken_at = self._snapshot.taken_at if self._snapshot else None
        position = Position(cursors[-1], ids[-1], self._open_since, taken_at)
        page = Page(
            ["" if i is None else i for i in ids],
            [cursor or None for cursor in cursors],
            None,
            msgspec.json.encode(position).decode(),
            columns=self._columns,
            snapshot=self._snapshot,
            lines=lines,
        )
        if self._documents or long:  # documents may be unreadable: that has to be known at once
            page.given = self.columns(lines.data)
            page.bad = _bad({name: page.given.values[name] for name in self._documents})
        for place, fields in long.items():
            page.bad[place] = self._without(page.records, place, fields)
        return page

    def _without(self, records: Columns, place: int, fields: Mapping[int, int]) -> Failure:
        """Leave long fields of a record empty; return its failure, which names the first."""
        names = list(self._chosen.columns)
        for field in fields:
            records.values[names[field]][place] = None
        first = min(fields)
        return too_long(names[first], fields[first])

    def columns(self, lines: Sequence[bytes]) -> Columns:
        """Return the values of rows."""
        kinds = self._chosen.columns
        columns = columns_of(lines, self._width, range(len(kinds)))
        named = zip(kinds.items(), columns, strict=True)
        return Columns(len(lines), {name: values_of(kind, own) for (name, kind), own in named})

    def key_of(self, line: bytes) -> tuple[str, str | None]:
        page = self.page([line])
        return page.ids[0], page.cursors[0]

    def group_of(self, line: bytes) -> list[bytes]:
        cells = line.split(b"\t")
        return [cells[place] for place in self._chosen.groups]


def _cells(lines: Sequence[bytes], place: int, width: int) -> list[bytes]:
    """Return the values of one column, cut from the nearer end of each line."""
    behind = width - place
    if place < behind:
        return [line.split(b"\t", place + 1)[place] for line in lines]
    return [line.rsplit(b"\t", behind)[-behind] for line in lines]


def _bad(documents: Mapping[str, list[Value]]) -> dict[int, Failure]:
    """Put the texts of JSON values that cannot be read in their places, and say why."""
    bad = {}
    for name, values in documents.items():
        for place, value in enumerate(values):
            if value.__class__ is UnreadableJson:
                values[place] = value.text
                message = f"{name} holds JSON that cannot be read: {value.reason}"
                bad[place] = Failure(Category.PERMANENT, "invalid_json", message, field=name)
    return bad


async def read_pages(
    connection: asyncpg.Connection, request: ExtractRequest, patience: float
) -> AsyncGenerator[Page, None]:
    """Read an extraction in one snapshot.

    At the end the connection is in a transaction, before it the connection is of no other use.

    Args:
        patience: see `CopyStream`.

    Raises what `shape_of` and `UntiedPages` raise.
    """
    position = msgspec.json.decode(request.position, type=Position) if request.position else None
    snapshot = since_first(await open_writers.begin(connection), position, request.extraction)
    shape = await shape_of(connection, request.extraction)
    await check_texts(connection, request, shape)
    query, chosen = reading_query(request, shape, position)
    maker = PageMaker(request.extraction, chosen, list(shape.columns), snapshot)
    await connection.execute("set local statement_timeout = 0")
    stream = CopyStream(connection, query, patience)
    pages = UntiedPages(request.page_size, maker.group_of, maker.key_of)
    try:
        while not stream.is_over:
            lines = await stream.take(pages.asked)
            if page := pages.take(lines, is_end=stream.is_over):
                yield maker.page(page)
    finally:
        if not stream.is_over:
            connection.terminate()  # so that the source copies no further
        await stream.close()


def since_first(
    snapshot: SourceSnapshot | None, position: Position | None, extraction: Extraction
) -> SourceSnapshot | None:
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
    return SourceSnapshot(snapshot.taken_at, None if since is None else since.isoformat())
