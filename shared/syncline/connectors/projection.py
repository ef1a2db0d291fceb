"""IDs, cursors, columns and filters, for sources that cannot select by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.port import Page
from syncline.domain.columns import by_record
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.engine.conditions import Test, answers, compile_condition
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.mapping.paths import column_reader
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.naming import near
from syncline.domain.record import JsonObject, Record


class RecordList(msgspec.Struct):
    """Records in the file's order; `bad` says why some of them could not be read."""

    records: list[Record] = []
    bad: dict[int, Failure] = {}

    def spoil(self, code: str, message: str, found: JsonObject) -> None:
        """Add a row that could not be read as a record, with the part that could."""
        self.bad[len(self.records)] = Failure(Category.PERMANENT, code, message)
        self.records.append(found)


class Projection:
    """Makes pages of rows: reads IDs and cursors, selects columns, applies filters.

    Args:
        names: the source's columns, None where a record may leave out properties.

    Raises:
        ConnectorError: the source gives no column that the extraction names.
    """

    def __init__(self, extraction: Extraction, names: Sequence[str] | None) -> None:
        _check(extraction, names)
        self._names = None if names is None else tuple(names)
        self._id = column_reader(extraction.id_column)
        cursor = extraction.cursor_column
        self._cursor = column_reader(cursor) if cursor else None
        wanted = [extraction.id_column, extraction.cursor_column, *extraction.columns]
        self._columns = list(dict.fromkeys(n for n in wanted if n)) if extraction.columns else []
        if names is not None and set(names) <= set(self._columns):
            self._columns = []
        self._filters = [compile_condition(c) for c in extraction.filters]

    def page(self, taken: RecordList, position: str) -> Page:
        """Make a page; filters leave out no row that could not be read as a record."""
        records, bad = taken.records, taken.bad
        ids = [text_of(self._id(record)) for record in records]
        read = self._cursor
        cursors: list[str | None] = (
            [None] * len(records)
            if read is None
            else [_filled(text_of(read(record))) for record in records]
        )
        page = Page(ids, cursors, records, position, bad, self._names)
        for test in self._filters:
            page = only(page, _kept(page, test))
        if self._columns:
            page.records = [
                record if n in page.bad else {name: record.get(name) for name in self._columns}
                for n, record in enumerate(page.records)
            ]
        return page


def _kept(page: Page, test: Test) -> list[bool]:
    """Tell which records fulfil a condition; those that could not be read are not asked."""
    good = [n for n in range(len(page.records)) if n not in page.bad]
    holds, errors = answers(test, by_record([page.records[n] for n in good]))
    if errors:
        raise errors[min(errors)]
    kept = [True] * len(page.records)
    for n, is_kept in zip(good, holds, strict=True):
        kept[n] = is_kept
    return kept


def _filled(text: str) -> str | None:
    """Return a cursor value; None for a cell of blanks alone."""
    return text if text and not text.isspace() else None


def only(page: Page, kept: Sequence[bool]) -> Page:
    """Return a page of those records that are kept."""
    if all(kept):
        return page
    return page.part([place for place, keep in enumerate(kept) if keep])


def _check(extraction: Extraction, names: Sequence[str] | None) -> None:
    for name in (extraction.id_column, extraction.cursor_column, *extraction.columns):
        if names and name is not None and name not in names:
            message = f"the source gives no column {name!r}; {_known(name, names)}"
            raise refusal("unknown_column", message, name)


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
