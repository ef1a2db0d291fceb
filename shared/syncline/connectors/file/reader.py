"""Reading a file in pages: what lies at or after the cursor, from a place on if it broke off."""

from __future__ import annotations

import os
from typing import BinaryIO, TypeAlias

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.file.csv_lines import LineList, RowList
from syncline.connectors.file.csv_rows import CsvRows
from syncline.connectors.file.json_rows import JsonArray, JsonLines, json_rows
from syncline.connectors.file.packed import unpacked
from syncline.connectors.file.rows import RowPosition
from syncline.connectors.file.settings import EXCEL, InSettings
from syncline.connectors.file.sheet_rows import SheetRows
from syncline.connectors.folders import translated_errors
from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.projection import Projection, RecordList, only
from syncline.connectors.window import Window

Rows: TypeAlias = CsvRows | JsonArray | JsonLines | SheetRows


class FilePosition(msgspec.Struct, frozen=True, array_like=True):
    """A page's position: behind which rows it goes on, and in which file."""

    rows: RowPosition
    file: tuple[int, int, int]


class FileReader:
    """One file as one extraction reads it. Blocks: call it in a thread."""

    def __init__(self, file: BinaryIO, request: ExtractRequest, settings: InSettings) -> None:
        self._file = file
        self._identity = _identity(file)
        self._left = request.limit
        self._rows = open_rows(file, settings, self._resumed(request.position))
        self._pick = Projection(request.extraction, self._rows.names)
        self._window = Window(request)

    def page(self, size: int) -> Page | None:
        """Return the next page that is not empty, None at the end. Raises ConnectorError."""
        wanted = size if self._left is None else min(size, self._left)
        while wanted:
            with translated_errors():
                taken = self._rows.take(wanted)
            if not len(taken):
                break
            page = self._page(taken)
            if page.ids:
                self._left = None if self._left is None else self._left - len(page.ids)
                return page
        if _identity(self._file) != self._identity:
            raise refusal("file_changed", "the file changed while it was read: run it again")
        return None

    def _page(self, taken: RecordList | RowList | LineList) -> Page:
        position = FilePosition(self._rows.position, self._identity)
        page = page_of(self._pick, taken, msgspec.json.encode(position).decode())
        return only(page, self._window.kept(page.cursors))

    def _resumed(self, position: str | None) -> RowPosition | None:
        if position is None:
            return None
        before = msgspec.json.decode(position, type=FilePosition)
        if before.file != self._identity:
            raise refusal("file_changed", "the file changed since its reading broke off")
        return before.rows


def page_of(pick: Projection, taken: RecordList | RowList | LineList, position: str) -> Page:
    """Make a page of rows; of CSV rows that are taken whole with their lines."""
    if isinstance(taken, RecordList):
        return pick.page(taken.columns(), taken.bad, position)
    lines = taken.lines() if pick.is_whole else None
    if lines is not None and not taken.bad:
        return pick.page_of_lines(lines, taken.column, position)
    page = pick.page(taken.columns(), taken.bad, position)
    page.lines = lines
    return page


def open_rows(file: BinaryIO, settings: InSettings, at: RowPosition | None = None) -> Rows:
    """Return the rows of an open file, unpacked where it is gzip."""
    file = unpacked(file)
    if settings.format == "csv":
        return CsvRows(file, settings, at)
    if settings.format == "excel":
        EXCEL.require()
        return SheetRows(file, settings, at)
    return json_rows(file, at)


def _identity(file: BinaryIO) -> tuple[int, int, int]:
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns
