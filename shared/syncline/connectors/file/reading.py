"""Reading a file in pages: what lies at or after the cursor, from a place on if it broke off."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from syncline.connectors.file.csv_rows import CsvRows
from syncline.connectors.file.folders import refusal, translated
from syncline.connectors.file.json_rows import JsonRows
from syncline.connectors.file.rows import Place, Rows, Taken
from syncline.connectors.file.settings import InSettings
from syncline.connectors.port import ExtractRequest, Page
from syncline.domain.cursor import is_later
from syncline.domain.errors import Failure
from syncline.domain.mapping.conditions import compile_condition
from syncline.domain.mapping.document import CursorType, Extraction
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.mapping.values import plain_text


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A page's position: the place in the file, and which file that was."""

    place: Place
    file: tuple[int, int, int]


class FileReading:
    """One file as one extraction reads it. Blocks: call it in a thread."""

    def __init__(self, file: BinaryIO, request: ExtractRequest, settings: InSettings) -> None:
        self._file = file
        self._identity = _identity(file)
        self._left = request.limit
        self._rows = open_rows(file, settings, self._resumed(request.position))
        self._pick = Picker(request.extraction, self._rows.names)
        self._start = window_start(request)
        self._kind = request.extraction.cursor_type

    def page(self, size: int) -> Page | None:
        """Return the next page that is not empty, None at the end.

        Raises:
            ConnectorError: the file changed while it was read.
        """
        wanted = size if self._left is None else min(size, self._left)
        while wanted:
            with translated():
                taken = self._rows.take(wanted)
            if not taken.records:
                break
            page = self._page(taken)
            if page.ids:
                self._left = None if self._left is None else self._left - len(page.ids)
                return page
        if _identity(self._file) != self._identity:
            raise refusal("file_changed", "the file changed while it was read: run it again")
        return None

    def _page(self, taken: Taken) -> Page:
        position = Position(self._rows.place, self._identity)
        page = self._pick.page(taken, msgspec.json.encode(position).decode())
        if self._start is None:
            return page
        start, kind = self._start, self._kind
        return _only(page, [c is None or not is_later(start, c, kind) for c in page.cursors])

    def _resumed(self, position: str | None) -> Place | None:
        if position is None:
            return None
        before = msgspec.json.decode(position, type=Position)
        if before.file != self._identity:
            raise refusal("file_changed", "the file changed since its reading broke off")
        return before.place


def open_rows(file: BinaryIO, settings: InSettings, at: Place | None = None) -> Rows:
    """Return the rows of an open file."""
    if settings.format == "csv":
        return CsvRows(file, settings, at)
    return JsonRows(file, at)


class Picker:
    """Makes pages of rows: IDs, cursors, chosen columns, filters.

    Raises:
        ConnectorError: the file has no column that the extraction names.
    """

    def __init__(self, extraction: Extraction, names: Sequence[str] | None) -> None:
        _check(extraction, names)
        self._id = _reading(extraction.id_column)
        self._cursor = _reading(extraction.cursor_column) if extraction.cursor_column else None
        wanted = [extraction.id_column, extraction.cursor_column, *extraction.columns]
        self._columns = list(dict.fromkeys(n for n in wanted if n)) if extraction.columns else []
        if names is not None and set(names) <= set(self._columns):
            self._columns = []
        self._filters = [compile_condition(c) for c in extraction.filters]

    def page(self, taken: Taken, position: str) -> Page:
        """Make a page; rows that are none stay in it whatever the filters say."""
        records, bad = taken.records, taken.bad
        ids = [text_of(self._id(record)) for record in records]
        read = self._cursor
        cursors: list[str | None] = (
            [None] * len(records)
            if read is None
            else [text_of(read(record)) or None for record in records]
        )
        page = Page(ids, cursors, records, position, bad)
        for test in self._filters:
            kept = [n in page.bad or test(record) for n, record in enumerate(page.records)]
            page = _only(page, kept)
        if self._columns:
            page.records = [
                record if n in page.bad else {name: record.get(name) for name in self._columns}
                for n, record in enumerate(page.records)
            ]
        return page


def _only(page: Page, kept: Sequence[bool]) -> Page:
    """Return a page of some of its records."""
    if all(kept):
        return page
    places = [place for place, keep in enumerate(kept) if keep]
    bad: dict[int, Failure] = {n: page.bad[p] for n, p in enumerate(places) if p in page.bad}
    ids, cursors = [page.ids[p] for p in places], [page.cursors[p] for p in places]
    return Page(ids, cursors, [page.records[p] for p in places], page.position, bad)


def _check(extraction: Extraction, names: Sequence[str] | None) -> None:
    for name in (extraction.id_column, extraction.cursor_column, *extraction.columns):
        if names and name is not None and name not in names:
            message = f"the file has no column {name!r}; it has: {', '.join(names)}"
            raise refusal("unknown_column", message, name)


def _reading(name: str) -> Callable[[Any], Any]:
    """Return what reads a column by its name, or else a value inside by its path."""
    inside = reader(parse_path(name))

    def read(record: dict[str, Any]) -> Any:  # noqa: ANN401
        return record[name] if name in record else inside(record)

    return read


def text_of(value: Any) -> str:  # noqa: ANN401
    """Return an ID or a cursor as text, "" for what can be none."""
    if value.__class__ is str:
        return str(value)
    usable = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return plain_text(value) if usable else ""


def window_start(request: ExtractRequest) -> str | None:
    """Return the cursor value to begin at, widened by the lookback."""
    after, extraction = request.after, request.extraction
    if after is None or extraction.cursor_column is None or not extraction.lookback:
        return after if extraction.cursor_column else None
    if extraction.cursor_type is CursorType.ID:
        return after
    try:
        start = datetime.fromisoformat(after) - timedelta(seconds=extraction.lookback)
    except (ValueError, OverflowError):
        return None  # no instant to subtract from: everything is read
    return start.isoformat(sep=" " if " " in after else "T")


def _identity(file: BinaryIO) -> tuple[int, int, int]:
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns
