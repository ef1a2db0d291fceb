"""A sheet of an Excel file as a source: its rows in their order, cells as values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import BinaryIO, NamedTuple, TypeAlias

from syncline.connectors.errors import refusal
from syncline.connectors.file.csv_header import MAX_COLUMNS
from syncline.connectors.file.rows import RowPosition
from syncline.connectors.file.settings import InSettings
from syncline.connectors.file.workbook import (
    COLUMNS,
    Oddity,
    Workbook,
    checked,
    column_name,
    unreadable,
)
from syncline.connectors.projection import RecordList
from syncline.domain.record import JsonObject, Value

with suppress(ImportError):  # without the extra `excel` nobody gets here
    from python_calamine import CalamineError, CalamineSheet, load_workbook

Cell: TypeAlias = int | float | str | bool | time | date | datetime | timedelta
"""What calamine gives; "" for an empty cell."""
_PAGE_CELLS = 100_000
_EXACT = 10**15
"""Whole numbers from here on have digits that Excel does not keep."""
_ODD = {
    Oddity.ERROR: ("error_cell", "holds an error such as #N/A"),
    Oddity.UNCOUNTED: (
        "formula_without_value",
        "is a formula whose result is not in the file: open it in Excel and save it",
    ),
    Oddity.NEGATIVE: ("invalid_date", "is a date or time below zero, which Excel does not know"),
}


class Fault(NamedTuple):
    """Why a row is no record: the place of its cell, and what is said of it."""

    place: int
    code: str
    why: str


class SheetRows:
    """Reads a sheet from a row on. Raises ConnectorError: the file, its sheet or its header."""

    def __init__(self, file: BinaryIO, settings: InSettings, at: RowPosition | None) -> None:
        book = checked(file, settings.sheet)
        sheet = _opened(book)
        self._odd = book.odd
        self._settings = settings
        self._rows: Iterator[list[Cell]] = iter(sheet.iter_rows())
        self._first = (sheet.start or (0, 0))[1]  # the column that rows begin in
        self._row = 0  # rows that were read
        self._values = {**_VALUES, str: self._text}
        self._places = self._header()
        self.names = list(self._places.values())
        self._width = max(sheet.width, len(settings.names or ()))
        self._padding = [""] * (self._width - sheet.width)
        self._unnamed = [n for n in range(sheet.width) if n not in self._places]
        self._id = {name: n for n, name in self._places.items()}.get(settings.id_column)
        wanted = settings.wanted
        self._wanted = {n for n, name in self._places.items() if not wanted or name in wanted}
        if at is not None:
            next(islice(self._rows, at.line - self._row, at.line - self._row), None)
            self._row = at.line

    @property
    def position(self) -> RowPosition:
        """The position behind the last row that was read."""
        return RowPosition(0, self._row)

    def take(self, count: int) -> RecordList:
        """Read up to `count` records; rows that cannot be read as records: `bad`."""
        taken = RecordList()
        count = min(count, max(1, _PAGE_CELLS // max(1, self._width)))
        while len(taken) < count and (row := self._next()) is not None:
            odd = self._oddities()
            if not odd and not any(cell != "" for cell in row):
                continue
            fault = self._fault(row, odd)
            if fault is None:
                taken.records.append(self._record(row))
            else:
                cell = f"{column_name(self._first + fault.place)}{self._row}"
                taken.spoil(
                    fault.code, f"cell {cell} {fault.why}", self._record(row) | {"(row)": self._row}
                )
        return taken

    def _next(self) -> list[Cell] | None:
        """Take the next row; calamine gives none behind the last cell that has a value."""
        row = next(self._rows, None)
        if row is not None:
            self._row += 1
            return [*row, *self._padding] if self._padding else row
        more = bisect_left(self._odd, self._row * COLUMNS * 4)
        if more == len(self._odd):
            return None
        self._row = self._odd[more] // 4 // COLUMNS + 1
        return [""] * self._width

    def _header(self) -> dict[int, str]:
        """Return the names of columns by their place in a row. Raises ConnectorError."""
        said = self._settings
        if said.header_row is not None:
            self._row = said.header_row - 1
            next(islice(self._rows, self._row, self._row), None)
        if said.names is not None:
            return dict(enumerate(said.names))
        for row in self._rows:
            self._row += 1
            names = {n: _heading(cell) for n, cell in enumerate(row) if _heading(cell)}
            if names or said.header_row is not None:
                return self._usable(names)
        raise refusal("no_header", "the sheet is empty: not even a header names its columns")

    def _usable(self, names: dict[int, str]) -> dict[int, str]:
        if not names:
            raise refusal("no_header", f"row {self._row} is empty: it names no column")
        if len(names) > MAX_COLUMNS:
            raise refusal("too_many_columns", f"the header has {len(names):,} columns")
        known: dict[str, int] = {}
        for place, name in names.items():
            if known.setdefault(name, place) != place:
                message = f"the header has column {name!r} twice: give each a name of its own"
                raise refusal("duplicate_column", message, name)
        return names

    def _oddities(self) -> dict[int, Oddity]:
        """Return the odd cells of the row that was just read, by their place in it."""
        start = (self._row - 1) * COLUMNS * 4
        begin = bisect_left(self._odd, start)
        end = bisect_left(self._odd, start + COLUMNS * 4, begin)
        return {
            (packed - start) // 4 - self._first: Oddity(packed % 4)
            for packed in self._odd[begin:end]
        }

    def _fault(self, row: Sequence[Cell], odd: dict[int, Oddity]) -> Fault | None:
        for place, oddity in odd.items():
            is_meant = place in self._wanted
            if is_meant and (oddity is not Oddity.NEGATIVE or isinstance(row[place], _TIMES)):
                return Fault(place, *_ODD[oddity])
        for place in self._unnamed:
            if row[place] != "":
                why = "has a value, but the header does not name its column"
                return Fault(place, "unnamed_column", why)
        return self._bad_number(row)

    def _bad_number(self, row: Sequence[Cell]) -> Fault | None:
        for place in self._wanted:
            cell = row[place]
            if not isinstance(cell, float) or abs(cell) < _EXACT:
                continue
            if not isfinite(cell):
                return Fault(place, "invalid_number", "holds no number that Excel knows")
            if place == self._id:
                why = "is an ID of 16 or more digits, of which Excel keeps 15: format it as text"
                return Fault(place, "long_number", why)
        return None

    def _record(self, row: Sequence[Cell]) -> JsonObject:
        values = self._values
        return {
            name: values[row[place].__class__](row[place]) for place, name in self._places.items()
        }

    def _text(self, cell: Cell) -> Value:
        text = str(cell).strip() if self._settings.trim else str(cell)
        return None if text in ("", self._settings.null) else text


def _opened(book: Workbook) -> CalamineSheet:
    try:
        return load_workbook(book.data).get_sheet_by_name(book.sheet)
    except BaseException as error:
        is_panic = type(error).__module__ == "pyo3_runtime"  # of its Rust; no Exception
        if is_panic or isinstance(error, CalamineError):
            raise unreadable(str(error)) from error
        raise


def _heading(cell: Cell) -> str:
    value = cell if isinstance(cell, str) else _VALUES[cell.__class__](cell)
    return str(value).strip()


def _number(cell: float) -> Value:
    """Return a number as it is shown: whole ones without a point. Excel keeps 15 to 17 digits."""
    if not isfinite(cell):
        return repr(cell)  # of a row that is no record
    if cell.is_integer():
        return int(cell) if abs(cell) < _EXACT else int(Decimal(repr(cell)))
    return Decimal(repr(cell))


def _duration(cell: timedelta) -> str:
    """Return an ISO duration, without days: `PT30H15M0S`."""
    hours, rest = divmod(abs(cell), timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    seconds = f"{rest.total_seconds():f}".rstrip("0").rstrip(".")
    sign = "-" if cell < timedelta() else ""
    return f"{sign}PT{hours}H{minutes}M{seconds}S"


_TIMES = (time, date, timedelta)
_VALUES: dict[type, Callable[..., Value]] = {
    int: lambda cell: cell,
    bool: lambda cell: cell,
    float: _number,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
}
