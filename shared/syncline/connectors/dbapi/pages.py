"""Pages of a query's rows."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from syncline.connectors.dbapi.kinds import key_text
from syncline.connectors.dbapi.session import Row
from syncline.connectors.dbapi.shape import Selection
from syncline.connectors.dbapi.values import values_of
from syncline.connectors.dbapi.window import Position
from syncline.connectors.port import Page
from syncline.connectors.projection import Projection
from syncline.connectors.sql.values import too_long
from syncline.connectors.sql.zones import in_utc
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import MAX_RECORD


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
        places = {column.name: n for n, column in enumerate(chosen.columns)}
        self._id = places[extraction.id_column]
        self._cursor = places.get(extraction.cursor_column or "")
        self._pick = Projection(extraction, list(places))

    def page(self, rows: Sequence[Row]) -> Page:
        """Make a page of at least one row."""
        cells = list(zip(*rows, strict=True))
        columns = self._chosen.columns
        values = {column.name: values_of(column.kind, cells[n]) for n, column in enumerate(columns)}
        for column in columns:
            if self._zone is not None and not column.has_zone:
                told = values[column.name]
                values[column.name] = [t and in_utc(str(t), self._zone) for t in told]
        bad: dict[int, Failure] = {}
        for place, sized in self._chosen.sizes.items():
            name = columns[place].name
            for row, told_size in enumerate(cells[sized]):
                size = int(str(told_size or 0)) or _size_beyond(values[name][row])
                if size:
                    bad[row] = too_long(name, size)
                    values[name][row] = None
        page = self._pick.page(Columns(len(rows), values), bad, self.position(rows[-1]))
        page.columns = self._names
        return page

    def position(self, row: Row) -> str:
        """Return the position behind a row."""
        source_id, cursor = self.key_of(row)
        return msgspec.json.encode(Position(cursor, source_id)).decode()

    def key_of(self, row: Row) -> tuple[str | None, str | None]:
        """Return a row's ID and its cursor value."""
        cursor = None if self._cursor is None else key_text(row[self._cursor])
        return key_text(row[self._id]), cursor

    def group_of(self, row: Row) -> object:
        return self.key_of(row)


def _size_beyond(value: object) -> int:
    """Return the bytes of a text that are more than a record may have, 0 of others."""
    size = len(value.encode()) if isinstance(value, str) else 0
    return size if size > MAX_RECORD else 0
