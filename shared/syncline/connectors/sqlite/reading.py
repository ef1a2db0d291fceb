"""Reading from SQLite in pages, by (cursor, ID), always with bound values."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from syncline.connectors.folders import refusal
from syncline.connectors.picking import Picker, Taken
from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.sql_text import names_in, one_statement
from syncline.connectors.sqlite.database import identifier
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.document import CursorType, Extraction, ExtractionMode

_INFINITE = (math.inf, -math.inf)
_MILLISECONDS = 100_000_000_000
"""An instant that is a number and at least this counts milliseconds, not seconds."""


class Reading:
    """One extraction on one connection. Blocks: call it in a thread.

    Args:
        careful: expect texts that are not UTF-8; slower.
    """

    def __init__(
        self, connection: sqlite3.Connection, extraction: Extraction, *, careful: bool
    ) -> None:
        self._connection = connection
        self._careful = careful
        if careful:
            connection.text_factory = _any_text
        self._extraction = extraction
        self._values: dict[str, Any] = {}
        self._base = self._base_query()
        described = connection.execute(f"select * from ({self._base}\n) q limit 0", self._blank())
        self._names = [column[0] for column in described.description]
        self._pick = Picker(extraction, self._names)

    def pages(self, request: ExtractRequest) -> Iterator[Page]:
        """Read what lies at or after the cursor, or behind a position."""
        position = msgspec.json.decode(request.position) if request.position else None
        conditions = []
        order = f"q.{identifier(self._extraction.id_column)}"
        if self._extraction.cursor_column is not None:
            column = f"q.{identifier(self._extraction.cursor_column)}"
            order = f"{column}, {order}"
            if request.after is not None:
                start = self._start(column, request.after)
                conditions.append(f"({column} >= {self._bind(start)} or {column} is null)")
        if position is not None:
            conditions.append(self._behind(*position))
        where = "where " + " and ".join(conditions) if conditions else ""
        sql = f"select * from ({self._base}\n) q {where} order by {order}"
        rows = self._connection.execute(sql, self._bound(request.after, None))
        yield from self._paged(rows, request)

    def _paged(self, rows: sqlite3.Cursor, request: ExtractRequest) -> Iterator[Page]:
        left = math.inf if request.limit is None else request.limit
        while left and (found := rows.fetchmany(int(min(left, request.page_size)))):
            page = self._page(found)
            if page.ids:
                left -= len(page.ids)
                yield page

    def fetch(self, ids: Sequence[str]) -> Page:
        """Read some records by ID; compared as text too, since a column may hold both."""
        column = f"q.{identifier(self._extraction.id_column)}"
        wanted = ", ".join(self._bind(value) for i in ids for value in _spellings(i))
        sql = f"select * from ({self._base}\n) q where {column} in ({wanted})"
        rows = self._connection.execute(sql, self._bound(None, list(ids))).fetchall()
        page = self._page(rows)
        asked = set(ids)
        places = [place for place, source_id in enumerate(page.ids) if source_id in asked]
        return Page(
            [page.ids[p] for p in places],
            [page.cursors[p] for p in places],
            [page.records[p] for p in places],
            "",
            {n: page.bad[p] for n, p in enumerate(places) if p in page.bad},
        )

    def _page(self, rows: Sequence[tuple[Any, ...]]) -> Page:
        names = self._names
        taken = Taken([dict(zip(names, row, strict=True)) for row in rows])
        for place, row in enumerate(rows):
            if math.inf in row or -math.inf in row:
                self._spoil(taken, place)
            if self._careful:
                _mark_not_unicode(taken, place)
        position = self._position(rows[-1]) if rows else ""
        return self._pick.page(taken, position)

    def _spoil(self, taken: Taken, place: int) -> None:
        record = taken.records[place]
        name = next(n for n, value in record.items() if value in _INFINITE)
        message = f"{name} must be a finite number, not {record[name]}"
        taken.bad[place] = Failure(Category.PERMANENT, "invalid_number", message, field=name)
        record[name] = str(record[name])

    def _position(self, row: tuple[Any, ...]) -> str:
        """Keep values as they are, not as text: SQLite orders numbers before texts."""
        cursor = self._extraction.cursor_column
        last = row[self._names.index(cursor)] if cursor else None
        return msgspec.json.encode(
            [last, row[self._names.index(self._extraction.id_column)]]
        ).decode()

    def _behind(self, cursor: Any, last_id: Any) -> str:  # noqa: ANN401
        id_ = f"q.{identifier(self._extraction.id_column)}"
        later = f"{id_} > {self._bind(last_id)}"
        if last_id is None:
            later = f"{id_} is not null"
        if self._extraction.cursor_column is None:
            return later
        column = f"q.{identifier(self._extraction.cursor_column)}"
        if cursor is None:
            return f"({column} is not null or ({column} is null and {later}))"
        value = self._bind(cursor)
        return f"({column} > {value} or ({column} = {value} and {later}))"

    def _start(self, column: str, after: str) -> Any:  # noqa: ANN401
        """Return the value to begin at, as the column holds such values, less the lookback."""
        sql = f"select typeof({column}) from ({self._base}\n) q where {column} is not null limit 1"
        found = self._connection.execute(sql, self._bound(after, None, only_named=True)).fetchone()
        kind = found[0] if found else "text"
        value = _number(after) if kind in ("integer", "real") else after
        if not self._extraction.lookback or self._extraction.cursor_type is CursorType.ID:
            return value
        return earlier(value, self._extraction.lookback)

    def _base_query(self) -> str:
        if self._extraction.mode is ExtractionMode.SQL:
            return one_statement(self._extraction.sql or "")
        return f"select * from {identifier(self._extraction.table or '')}"

    def _bind(self, value: Any) -> str:  # noqa: ANN401
        name = f"_{len(self._values)}"
        self._values[name] = value
        return f":{name}"

    def _blank(self) -> dict[str, Any]:
        return dict.fromkeys(["cursor", "ids", *self._extraction.parameters])

    def _bound(
        self, after: str | None, ids: list[str] | None, *, only_named: bool = False
    ) -> dict[str, Any]:
        """Return values for all names: lists and objects as JSON, for `json_each`."""
        values = {n: _plain(v) for n, v in self._extraction.parameters.items()}
        names = names_in(self._base)
        if "cursor" in names:
            widened = after is not None and self._extraction.cursor_type is not CursorType.ID
            values["cursor"] = earlier(after, self._extraction.lookback) if widened else after
        if "ids" in names:
            values["ids"] = None if ids is None else _plain(ids)
        return values if only_named else values | self._values


def _any_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _mark_not_unicode(taken: Taken, place: int) -> None:
    record = taken.records[place]
    for name, value in record.items():
        if isinstance(value, str):
            data = value.encode("utf-8", "surrogateescape")
            record[name] = data.decode("utf-8", "replace")
            if record[name] != value:
                message = f"{name} holds bytes that are not UTF-8"
                failure = Failure(Category.PERMANENT, "invalid_encoding", message, field=name)
                taken.bad[place] = failure


def earlier(value: Any, seconds: float) -> Any:  # noqa: ANN401
    """Return a cursor value less some seconds, so that texts still compare as they are written."""
    if not seconds:
        return value
    number = _number(value) if isinstance(value, str) and not _is_basic_date(value) else value
    if not isinstance(number, str):
        return number - seconds * (1000 if number >= _MILLISECONDS else 1)
    try:
        instant = datetime.fromisoformat(value) - timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        message = f"lookback: the cursor {value!r} is no date; leave the lookback out"
        raise refusal("invalid_cursor", message) from None
    if _is_basic_date(value):
        return instant.strftime("%Y%m%d")
    if len(value) == len("2026-01-01"):
        return instant.date().isoformat()
    return instant.replace(tzinfo=None).isoformat(sep=value[10], timespec="seconds")


def _is_basic_date(text: str) -> bool:
    return text.isdigit() and len(text) == len("20260101")


def _spellings(source_id: str) -> list[Any]:
    number = _number(source_id)
    return [source_id] if isinstance(number, str) else [source_id, number]


def _number(text: str) -> Any:  # noqa: ANN401
    """Return the number that a text is, or the text."""
    try:
        whole = int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text
    return whole if -(2**63) <= whole < 2**63 else text


def _plain(value: Any) -> Any:  # noqa: ANN401
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value
