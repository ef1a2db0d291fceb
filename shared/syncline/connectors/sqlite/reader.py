"""Reading from SQLite in pages, by (cursor, ID), always with bound values."""

from __future__ import annotations

import marshal
import math
import sqlite3
from collections.abc import Iterator, Sequence

from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ExtractRequest, Page, SourceSnapshot
from syncline.connectors.projection import Projection, duplicate_column, only, text_of
from syncline.connectors.sql.text import identifier, names_in, one_statement
from syncline.connectors.sql.tied_rows import UntiedPages
from syncline.connectors.sql.values import json_text
from syncline.connectors.sqlite.cursor_values import (
    RawText,
    Value,
    decode_position,
    encode_position,
    group_of,
    kind_of,
    less_lookback,
    mixed_kinds,
    number_or_text,
    window_start,
)
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode

_INFINITE: dict[Value, Value] = {math.inf: "Infinity", -math.inf: "-Infinity"}
_AT_ONCE = 20
"""Rows that are taken before it is looked at how long they are."""
_NOW = "select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"


def names_of(connection: sqlite3.Connection, extraction: Extraction) -> list[str]:
    """Return the columns that a table or query gives, whatever the extraction names of them."""
    blank = dict.fromkeys(["cursor", "ids", *extraction.parameters])
    sql = f"select * from ({_base_query(extraction)}\n) q limit 0"
    return [column[0] for column in connection.execute(sql, blank).description]


def _base_query(extraction: Extraction) -> str:
    if extraction.mode is ExtractionMode.SQL:
        return one_statement(extraction.sql or "")
    return f"select * from {identifier(extraction.table or '')}"


class SqliteReader:
    """One extraction on one connection, in one snapshot. Blocks: call it in a thread.

    SQLite has one writer at a time, and a writer stamps its rows while it is the one. So no writer
    that was open can commit anything behind what was read.
    """

    def __init__(
        self, connection: sqlite3.Connection, extraction: Extraction, *, careful: bool
    ) -> None:
        self.connection = connection
        self._careful = careful
        if careful:
            connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        self._extraction = extraction
        self._values: dict[str, Value] = {}
        self.base = _base_query(extraction)
        connection.execute("begin")
        self.names = names_of(connection, extraction)
        self._check_names()
        self._pick = Projection(extraction, self.names)
        self._snapshot = SourceSnapshot(connection.execute(_NOW).fetchone()[0])

    def pages(self, request: ExtractRequest) -> Iterator[Page]:
        """Read what lies at or after the cursor, or behind a position."""
        conditions = []
        order = f"q.{identifier(self._extraction.id_column)}"
        if self._extraction.cursor_column is not None:
            column = f"q.{identifier(self._extraction.cursor_column)}"
            order = f"{column}, {order}"
            begin = self._begin(column, request.after)
            if request.after is not None:
                conditions.append(
                    f"({column} >= {self.bind(begin)} or {column} is null or {column} = '')"
                )
        if request.position is not None:
            cursor, last_id, since = decode_position(request.position)
            conditions.append(self._behind(cursor, last_id))
            self._go_on(since)
        where = "where " + " and ".join(conditions) if conditions else ""
        sql = f"select * from ({self.base}\n) q {where} order by {order}"
        rows = self.connection.execute(sql, self.bound(request.after, None))
        yield from self._paged(rows, request)

    def _paged(self, rows: sqlite3.Cursor, request: ExtractRequest) -> Iterator[Page]:
        left = math.inf if request.limit is None else request.limit
        pages: UntiedPages[tuple[Value, ...]] = UntiedPages(
            request.page_size,
            lambda row: group_of(*self._key(row)),
            lambda row: self._key(row)[::-1],
        )
        is_end = False
        while not is_end:
            some, is_end = _taken(rows, pages.asked)
            found = pages.take(some, is_end=is_end)
            while found:
                count = int(min(left, len(found)))
                page, found = self.page(found[:count]), found[count:]
                left -= len(page.ids)
                if page.ids:
                    yield page
                if left <= 0:
                    return

    def _key(self, row: tuple[Value, ...]) -> tuple[Value, Value]:
        cursor = self._extraction.cursor_column
        last = row[self.names.index(cursor)] if cursor else None
        return last, row[self.names.index(self._extraction.id_column)]

    def page(self, rows: Sequence[tuple[Value, ...]]) -> Page:
        """Make a page of rows."""
        columns = dict(zip(self.names, map(_finite, zip(*rows, strict=True)), strict=bool(rows)))
        bad: dict[int, Failure] = {}
        if self._careful:
            for name, column in columns.items():
                bad |= _not_unicode(name, column)
        since = self._snapshot.open_since or self._snapshot.taken_at
        position = encode_position(*self._key(rows[-1]), since) if rows else ""
        page = self._pick.page(Columns(len(rows), columns), bad, position)
        page.snapshot = self._snapshot
        return page

    def _go_on(self, since: str | None) -> None:
        """Count what began after an interrupted read as open: it may share a time with its end."""
        if since is not None and self._extraction.cursor_type is not CursorType.ID:
            self._snapshot = SourceSnapshot(self._snapshot.taken_at, f"{since[:19]}+00:00")

    def _behind(self, cursor: Value | RawText, last_id: Value | RawText) -> str:
        id_ = f"q.{identifier(self._extraction.id_column)}"
        later = f"{id_} > {self.bind(last_id)}"
        if last_id is None:
            later = f"{id_} is not null"
        if self._extraction.cursor_column is None:
            return later
        column = f"q.{identifier(self._extraction.cursor_column)}"
        if cursor is None:
            return f"({column} is not null or ({column} is null and {later}))"
        value = self.bind(cursor)
        return f"({column} > {value} or ({column} = {value} and {later}))"

    def _begin(self, column: str, after: str | None) -> Value:
        """Return the value to begin at, as the column holds such values, less the lookback.

        Raises ConnectorError where the column holds values that do not follow each other.
        """
        some = f"from ({self.base}\n) q where {column} is not null and {column} <> ''"
        finite = f"({column} < 9e999 or typeof({column}) <> 'real')"
        named = self.bound(after, None, only_named=True)
        highest = None
        for also in (f" and {finite}", ""):
            if highest is None:
                sql = f"select max({column}) {some}{also}"
                (highest,) = self.connection.execute(sql, named).fetchone()
        value = highest
        if after is not None:
            value = number_or_text(after) if isinstance(highest, int | float) else after
        if value is None:
            return after
        kind = kind_of(value if highest is None else value or highest, self._extraction)
        holds = kind.condition(column, self.bind)
        sql = f"select {column} {some} and not {holds} limit 1"
        other = self.connection.execute(sql, self.bound(after, None)).fetchone()
        if other is not None:
            raise mixed_kinds(self._extraction, kind, other[0])
        return window_start(value, kind, self._extraction.lookback)

    def _check_names(self) -> None:
        """Refuse a column that `sql` gives twice: SQLite calls the second one `name:1`."""
        if self._extraction.mode is not ExtractionMode.SQL:
            return
        for name in self.names:
            first, mark, digits = name.rpartition(":")
            if mark and digits.isdigit() and first in self.names:
                raise duplicate_column(first)

    def bind(self, value: Value | RawText) -> str:
        """Add a value and return its placeholder."""
        name = f"_{len(self._values)}"
        if isinstance(value, RawText):
            self._values[name] = value.data
            return f"cast(:{name} as text)"
        self._values[name] = value
        return f":{name}"

    def bound(
        self, after: str | None, ids: list[str] | None, *, only_named: bool = False
    ) -> dict[str, object]:
        """Return values for all names: lists and objects as JSON, for `json_each`."""
        values = {n: _plain(v) for n, v in self._extraction.parameters.items()}
        names = names_in(self.base)
        if "cursor" in names:
            widened = after is not None and self._extraction.cursor_type is not CursorType.ID
            values["cursor"] = less_lookback(after or "", self._extraction) if widened else after
        if "ids" in names:
            values["ids"] = None if ids is None else _plain(ids)
        return values if only_named else values | self._values


def _taken(rows: sqlite3.Cursor, count: int) -> tuple[list[tuple[Value, ...]], bool]:
    """Take up to so many rows, fewer where they are long; tell whether there are no more."""
    taken: list[tuple[Value, ...]] = []
    size = 0
    while len(taken) < count and size < PAGE_BYTES:
        some = rows.fetchmany(asked := min(_AT_ONCE, count - len(taken)))
        taken += some
        if len(some) < asked:
            return taken, True
        size += len(marshal.dumps(some))  # by far the quickest way to learn it
    return taken, False


def _finite(column: Sequence[Value]) -> list[Value]:
    """Write infinite numbers, which JSON has not, as PostgreSQL does."""
    if math.inf not in column and -math.inf not in column:
        return list(column)
    return [_INFINITE.get(v, v) if v.__class__ is float else v for v in column]


def _not_unicode(name: str, column: list[Value]) -> dict[int, Failure]:
    """Put readable texts in place of those that are not UTF-8, and say where they are."""
    bad = {}
    for place, value in enumerate(column):
        if isinstance(value, str):
            data = value.encode("utf-8", "surrogateescape")
            column[place] = data.decode("utf-8", "replace")
            if column[place] != value:
                message = f"{name} holds bytes that are not UTF-8"
                bad[place] = Failure(Category.PERMANENT, "invalid_encoding", message, field=name)
    return bad


def _plain(value: object) -> object:
    return json_text(value) if isinstance(value, list | dict) else value


def fetch_records(reading: SqliteReader, id_column: str, ids: Sequence[str]) -> Page:
    """Read some records by ID, and say which of them was asked for in another spelling.

    A text is compared as the column compares texts, and with numbers as the number that it is.
    """
    known = [i for i in ids if i == i.encode(errors="ignore").decode()]
    column = f"q.{identifier(id_column)}"
    texts = ", ".join(reading.bind(i) for i in known)
    numbers = ", ".join(
        reading.bind(n) for i in known if not isinstance(n := number_or_text(i), str)
    )
    found = f"{column} in ({texts})"
    if numbers:
        found = (
            f"({found} or (typeof({column}) in ('integer', 'real') and {column} in ({numbers})))"
        )
    base = f"from ({reading.base}\n) q where {found}"
    values = reading.bound(None, list(known))
    rows = reading.connection.execute(f"select * {base}", values).fetchall()
    page = reading.page(rows)
    other = sorted(set(known) - set(page.ids))
    page.asked = _other_spellings(reading, column, base, other) if rows and other else {}
    wanted = {*known, *page.asked.values()}
    page.position = ""
    return only(page, [source_id in wanted for source_id in page.ids])


def _other_spellings(
    reading: SqliteReader, column: str, base: str, ids: Sequence[str]
) -> dict[str, str]:
    """Return which of these IDs the column holds as equal, with its own spelling of them."""
    numbers = [None if isinstance(n := number_or_text(i), str) else n for i in ids]
    asked = zip(range(len(ids)), ids, numbers, strict=True)
    listed = ", ".join(f"({', '.join(map(reading.bind, one))})" for one in asked)
    sql = (
        f"with asked(place, text, number) as (values {listed}) "
        f"select asked.place, {column} {base.replace(') q where', ') q join asked where', 1)} "
        f"and ({column} = asked.text or "
        f"(typeof({column}) in ('integer', 'real') and {column} = asked.number))"
    )
    rows: list[tuple[int, Value]] = reading.connection.execute(
        sql, reading.bound(None, list(ids))
    ).fetchall()
    return {ids[place]: text_of(value) for place, value in rows}
