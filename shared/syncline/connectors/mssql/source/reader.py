"""Reading one extraction, a statement for each page: rows that tie are never parted."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.mssql.kinds import MOMENTS, Kind, made, text_for
from syncline.connectors.mssql.session import Row, Session
from syncline.connectors.mssql.source.queries import base_query
from syncline.connectors.mssql.source.shape import (
    Column,
    Selection,
    check_named,
    selection,
    shape_of,
)
from syncline.connectors.mssql.source.values import key_text, values_of
from syncline.connectors.pages import PAGE_BYTES
from syncline.connectors.port import ExtractRequest, Page, SourceSnapshot
from syncline.connectors.projection import Projection
from syncline.connectors.sql.tied_rows import MOST_TIED, not_unique
from syncline.connectors.sql.values import too_long
from syncline.connectors.sql.zones import in_utc, in_zone
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import MAX_RECORD

_NOW = "select convert(varchar(40), sysdatetimeoffset(), 126) as taken_at"
_BYTES_A_SIGN = 4
_FIRST = 100
"""Rows of the first page at most, where columns may be long."""


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where an interrupted read goes on: behind all rows of one cursor value and one ID.

    Both are as `key_text` writes them; None where the source says null.
    """

    cursor: str | None
    id: str | None


class PageMaker:
    """Makes pages of one query's rows.

    Args:
        names: all columns that the source has.
        zone: of columns that say no zone, which are told in UTC then.
    """

    def __init__(
        self, extraction: Extraction, chosen: Selection, names: Sequence[str], zone: ZoneInfo | None
    ) -> None:
        self._zone = zone
        self._names = tuple(names)
        self._chosen = chosen
        self._places = {column.name: n for n, column in enumerate(chosen.columns)}
        self._keys = (extraction.cursor_column, extraction.id_column)
        self._pick = Projection(extraction, list(self._places))

    def page(self, rows: Sequence[Row]) -> Page:
        """Make a page of at least one row."""
        cells = list(zip(*rows, strict=True))
        columns = self._chosen.columns
        values = {column.name: values_of(column.kind, cells[n]) for n, column in enumerate(columns)}
        if self._zone is not None:
            for column in columns:
                if column.kind is Kind.DATETIME:
                    told = values[column.name]
                    values[column.name] = [t and in_utc(str(t), self._zone) for t in told]
        bad: dict[int, Failure] = {}
        for place, sized in self._chosen.sizes.items():
            name = columns[place].name
            for row, size in enumerate(cells[sized]):
                text = values[name][row]
                if isinstance(text, str) and len(text) * _BYTES_A_SIGN > MAX_RECORD:
                    size = length if (length := len(text.encode())) > MAX_RECORD else None
                if size is not None:
                    values[name][row] = None
                    bad[row] = too_long(name, int(str(size)))
        page = self._pick.page(Columns(len(rows), values), bad, self._position(rows[-1]))
        page.columns = self._names
        return page

    def key_of(self, row: Row) -> Position:
        """Return a row's cursor value and ID."""
        cursor, source_id = (None if name is None else self._text(row, name) for name in self._keys)
        return Position(cursor, source_id)

    def _position(self, row: Row) -> str:
        return msgspec.json.encode(self.key_of(row)).decode()

    def _text(self, row: Row, name: str) -> str | None:
        place = self._places[name]
        return key_text(self._chosen.columns[place].kind, row[place])


async def read_pages(session: Session, request: ExtractRequest) -> AsyncGenerator[Page, None]:
    """Read an extraction ordered by (cursor, ID); each page is a statement of its own.

    Raises ConnectorError where more rows share a cursor value and ID than can name records.
    """
    extraction, left = request.extraction, request.limit
    shape = await shape_of(session, base_query(extraction, None, None))
    check_named(extraction, shape)
    cursor = shape.get(extraction.cursor_column or "")
    if cursor is not None:
        _check_cursor(cursor)
        if session.zone and request.after and cursor.kind is Kind.DATETIME:
            request = msgspec.structs.replace(request, after=in_zone(request.after, session.zone))
    query = base_query(extraction, request.after, None)
    chosen = selection(extraction, shape)
    maker = PageMaker(extraction, chosen, list(shape), session.zone)
    window, end = _Window(extraction, shape), ""
    snapshot = None
    if cursor is not None and cursor.kind is Kind.ROWVERSION:
        [[taken_at]] = (await session.rows(_NOW)).rows
        snapshot = SourceSnapshot(str(taken_at))
        end = f"({cursor.key} < min_active_rowversion() or {cursor.key} is null)"
    size = min(request.page_size, _FIRST) if chosen.sizes else request.page_size
    position = None
    if request.position is not None:
        position = msgspec.json.decode(request.position, type=Position)
    while left != 0:
        count = size if left is None else min(left, size)
        given = dict(query.given)
        tests = [window.start(request.after, given), window.behind(position, given), end]
        where = " and ".join(filter(None, tests))
        found = await session.rows(
            f"select top ({count}) with ties {chosen.sql} from ({query.sql}\n) q"
            f"{' where ' if where else ''}{where} order by {window.order}",
            given,
            most=count + MOST_TIED,
            most_bytes=PAGE_BYTES * 2,
        )
        rows = found.rows
        if found.is_cut and len(rows) >= count + MOST_TIED:
            last = maker.key_of(rows[-1])
            raise not_unique(last.id, last.cursor)
        if found.is_cut and count > 1:  # long rows: fewer of them, and all that tie with the last
            size = max(1, min(count - 1, len(rows) // 2))
            continue
        if not rows:
            return
        position = maker.key_of(rows[-1])
        page = maker.page(rows if left is None else rows[:left])
        page.snapshot = snapshot
        left = None if left is None else left - len(page.ids)
        size = _next_size(size, request.page_size, rows)
        if page.ids:
            yield page
        if len(rows) < count:
            return


def _next_size(size: int, most: int, rows: Sequence[Row]) -> int:
    """Return the rows of the next page: as many as this page's rows let expect to fit."""
    some = rows[:: max(1, len(rows) // 50)]
    longest = max(sum(len(c) for c in row if isinstance(c, str | bytes)) for row in some)
    return max(1, min(most, size * 4, PAGE_BYTES // max(1, longest)))


def _check_cursor(column: Column) -> None:
    if column.kind in (Kind.TEXT, Kind.GUID, Kind.OTHER):
        message = (
            f"the cursor column {column.name!r} is {column.declared}, which does not sort as time "
            f"does: give it by `sql` as a time, for instance "
            f"`convert(datetime2, {column.name}, 104) as changed`"
        )
        raise refusal("invalid_cursor", message, field=column.name)


class _Window:
    """What of a query lies at or after a bookmark, and behind a position, as conditions."""

    def __init__(self, extraction: Extraction, shape: Mapping[str, Column]) -> None:
        self._extraction = extraction
        self._id = shape[extraction.id_column]
        self._cursor = shape.get(extraction.cursor_column or "")
        keys = (self._cursor, self._id)
        self.order = ", ".join(column.key for column in keys if column is not None)

    def start(self, after: str | None, given: dict[str, str]) -> str:
        """Return what lies at or after a cursor; rows without one always do.

        Raises ConnectorError where the column has no such values.
        """
        column = self._cursor
        if after is None or column is None:
            return ""
        text = text_for(column.kind, after)
        if text is None:
            message = f"the cursor {after[:60]!r} is no value of {column.name!r}, which is "
            raise refusal("invalid_cursor", f"{message}{column.declared}", field=column.name)
        given["after"] = _rounded(column, text)
        begin = made(column.declared, "@after")
        if lookback := self._extraction.lookback:
            if column.kind not in MOMENTS:
                message = (
                    f"lookback: a duration cannot be taken from {column.name!r}, which is "
                    f"{column.declared}: it needs a column of times"
                )
                raise refusal("invalid_lookback", message, field=column.name)
            part = f"day, -{math.ceil(lookback / 86_400)}"
            if column.kind is not Kind.DATE:
                part = f"second, -{math.ceil(lookback)}"
            begin = f"dateadd({part}, {begin})"
        return f"({column.key} >= {begin} or {column.key} is null)"

    def behind(self, position: Position | None, given: dict[str, str]) -> str:
        """Return what lies behind a position: `a > x or (a = x and b > y)` can use an index."""
        if position is None:
            return ""
        later = _later(self._id, position.id, "id", given)
        if self._cursor is None:
            return later
        beyond = _later(self._cursor, position.cursor, "at", given)
        if position.cursor is None:
            return f"({beyond} or ({self._cursor.key} is null and {later}))"
        same = f"{self._cursor.key} = {made(self._cursor.declared, '@at')}"
        return f"({beyond} or ({same} and {later}))"


def _later(column: Column, text: str | None, name: str, given: dict[str, str]) -> str:
    if text is None:
        return f"{column.key} is not null"
    given[name] = text
    return f"{column.key} > {made(column.declared, f'@{name}')}"


def _rounded(column: Column, text: str) -> str:
    """Return a time with no more digits than `datetime` and `smalldatetime` can read."""
    if column.declared not in ("datetime", "smalldatetime"):
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction[:3]}" if fraction else whole

