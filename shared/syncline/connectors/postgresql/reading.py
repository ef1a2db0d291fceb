"""Rows into pages: plain values, with what JSON cannot say named as bad."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from syncline.connectors.port import Page
from syncline.connectors.postgresql.asking import SqlType
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.document import Extraction

_FLOATS = frozenset({"float4", "float8", "numeric"})


class PageMaker:
    """Makes pages of one query's rows.

    Args:
        columns: the query's columns, in its order.
    """

    def __init__(self, extraction: Extraction, columns: Mapping[str, SqlType]) -> None:
        self._names = names = list(columns)
        self._id = names.index(extraction.id_column)
        cursor = extraction.cursor_column
        self._cursor = names.index(cursor) if cursor else None
        self._numbers = [(n, i) for i, n in enumerate(names) if columns[n].name in _FLOATS]

    def page(self, rows: Sequence[Any]) -> Page:
        """Make a page of at least one row."""
        records: list[dict[str, Any]] = [
            dict(zip(self._names, row, strict=True))  # twice as fast as dict(row)
            for row in rows
        ]
        ids = [text_of(row[self._id]) for row in rows]
        cursors = self._cursors(rows)
        bad = self._bad(rows, records)
        position = msgspec.json.encode([cursors[-1], ids[-1]]).decode()
        return Page(ids, cursors, records, position, bad)

    def _cursors(self, rows: Sequence[Any]) -> list[str | None]:
        if self._cursor is None:
            return [None] * len(rows)
        texts: list[str | None] = []
        last: Any = None
        text: str | None = None
        for row in rows:
            value = row[self._cursor]
            if value != last or isinstance(value, Decimal):  # 1.0 and 1.00 are equal
                last, text = value, None if value is None else text_of(value)
            texts.append(text)
        return texts

    def _bad(self, rows: Sequence[Any], records: list[dict[str, Any]]) -> dict[int, Failure]:
        bad = {}
        for name, column in self._numbers:
            for place, row in enumerate(rows):
                value = row[column]
                if value is not None and not math.isfinite(value):
                    records[place][name] = str(value)
                    message = f"{name} must be a finite number, not {value}"
                    bad[place] = Failure(Category.PERMANENT, "invalid_number", message, field=name)
        return bad


def text_of(value: Any) -> str:  # noqa: ANN401
    """Return an ID or cursor value as text that PostgreSQL reads back as the same value."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)
