"""IDs, cursors, columns and filters, for sources that cannot select by themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal

import msgspec

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.port import Page
from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.engine.conditions import Test, answers, compile_condition
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.mapping.paths import column_reader
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.naming import near
from syncline.domain.record import JsonObject, Record, Value


class RecordList(msgspec.Struct):
    """Records in the file's order; `bad` says why some of them could not be read."""

    records: list[Record] = []
    bad: dict[int, Failure] = {}

    def spoil(self, code: str, message: str, found: JsonObject) -> None:
        """Add a row that could not be read as a record, with the part that could."""
        self.bad[len(self.records)] = Failure(Category.PERMANENT, code, message)
        self.records.append(found)

    def __len__(self) -> int:
        return len(self.records)

    def columns(self) -> Columns:
        """Return the records by column."""
        return Columns.of(self.records)


class Projection:
    """Makes pages of rows: reads IDs and cursors, selects columns, applies filters.

    Args:
        names: the source's columns, None where a record may leave out properties.

    Raises:
        ConnectorError: the source gives no column that the extraction names.
    """

    def __init__(self, extraction: Extraction, names: Sequence[str] | None) -> None:
        check_named(extraction, names)
        self._names = None if names is None else tuple(names)
        self._id, self._cursor = extraction.id_column, extraction.cursor_column
        wanted = [extraction.id_column, extraction.cursor_column, *extraction.columns]
        self._columns = list(dict.fromkeys(n for n in wanted if n)) if extraction.columns else []
        if names is not None and set(names) <= set(self._columns):
            self._columns = []
        self._filters = [compile_condition(c) for c in extraction.filters]

    def page(self, columns: Columns, bad: dict[int, Failure], position: str) -> Page:
        """Make a page; filters leave out no row that could not be read as a record (`bad`)."""
        for test in self._filters:
            kept = _kept(columns, bad, test)
            columns = columns.part(kept)
            bad = {n: bad[p] for n, p in enumerate(kept) if p in bad}
        ids = _texts(columns, self._id)
        cursors: list[str | None] = [None] * len(columns)
        if self._cursor is not None:
            cursors = [_filled(text) for text in _texts(columns, self._cursor)]
        if self._columns:
            columns = self._selected(columns, bad)
        return Page(ids, cursors, columns, position, bad, self._names)

    @property
    def is_whole(self) -> bool:
        """Tell whether it takes every row, and all that is in it."""
        return not self._filters and not self._columns

    def page_of_lines(
        self, lines: Lines, column: Callable[[str], Sequence[Value]], position: str
    ) -> Page:
        """Make a page of all that lines hold; `column` gives a column's values by its name."""
        cursors: list[str | None] = [None] * len(lines.data)
        if self._cursor is not None:
            cursors = [_filled(text_of(value)) for value in column(self._cursor)]
        ids = [value if value.__class__ is str else text_of(value) for value in column(self._id)]
        return Page(ids, cursors, None, position, columns=self._names, lines=lines)

    def _selected(self, columns: Columns, bad: Collection[int]) -> Columns:
        """Return the columns that were asked for; what could not be read stays as it is."""
        if not bad:
            return Columns(len(columns), {name: columns.column(name) for name in self._columns})
        return Columns.of(
            [
                record if place in bad else {name: record.get(name) for name in self._columns}
                for place, record in enumerate(columns.records())
            ]
        )


def _texts(columns: Columns, name: str) -> list[str]:
    """Read IDs or cursor values: a column, or else a value inside of one by its path."""
    values = columns.values.get(name)
    if values is None:
        values = list(map(column_reader(name), columns.records()))
    return [value if value.__class__ is str else text_of(value) for value in values]


def _kept(columns: Columns, bad: Collection[int], test: Test) -> list[int]:
    """Return the places of records that fulfil a condition, or could not be read."""
    good = [place for place in range(len(columns)) if place not in bad]
    holds, errors = answers(test, columns.part(good) if bad else columns)
    if errors:
        raise errors[min(errors)]
    left_out = {place for place, is_kept in zip(good, holds, strict=True) if not is_kept}
    return [place for place in range(len(columns)) if place not in left_out]


def _filled(text: str) -> str | None:
    """Return a cursor value; None for a cell of blanks alone."""
    return text if text and not text.isspace() else None


def only(page: Page, kept: Sequence[bool]) -> Page:
    """Return a page of those records that are kept."""
    if all(kept):
        return page
    return page.part([place for place, keep in enumerate(kept) if keep])


def check_named(extraction: Extraction, names: Sequence[str] | None) -> None:
    """Raise ConnectorError where the source gives no column that the extraction names.

    Args:
        names: of the columns that the source gives; None where nothing says which.
    """
    for name in (extraction.id_column, extraction.cursor_column, *extraction.columns):
        if names and name is not None and name not in names:
            message = f"the source gives no column {name!r}; {_known(name, names)}"
            raise refusal("unknown_column", message, name)


def duplicate_column(name: str) -> ConnectorError:
    """Return the error of a source that gives two columns of one name."""
    message = f"the source gives column {name!r} twice: give each a name of its own"
    return refusal("duplicate_column", message, name)


def _known(name: str, names: Sequence[str]) -> str:
    """Return which columns there are, and which one was probably meant."""
    gives = f"it gives: {', '.join(names)[:1000]}"
    if len(names) == 1 and (mark := next((m for m in ";\t|," if m in names[0]), None)):
        return f"{gives} (is {mark!r} what separates its columns? say so in `options.delimiter`)"
    found = near(name, names)
    return f"did you mean `{found[0]}`? {gives}" if found else gives


def text_of(value: object) -> str:
    """Return an ID or a cursor as text; "" for a value that cannot be one."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, float):
        return repr(value)
    usable = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return plain_text(value) if usable else ""
