"""Pages of a query's rows."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from syncline.connectors.mssql.kinds import Kind
from syncline.connectors.mssql.session import Row
from syncline.connectors.mssql.source.shape import Selection
from syncline.connectors.mssql.source.values import key_text, values_of
from syncline.connectors.mssql.source.window import Position
from syncline.connectors.port import Page
from syncline.connectors.projection import Projection
from syncline.connectors.sql.values import too_long
from syncline.connectors.sql.zones import in_utc
from syncline.domain.columns import Columns
from syncline.domain.errors import Failure
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import MAX_RECORD

_BYTES_A_SIGN = 4


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
            for row, told in enumerate(cells[sized]):
                size = told or _size_beyond(values[name][row])
                if size:
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


def _size_beyond(value: object) -> int:
    """Return the bytes of a text that is longer than a record, which SQL Server counts else."""
    if not isinstance(value, str) or len(value) * _BYTES_A_SIGN <= MAX_RECORD:
        return 0
    size = len(value.encode())
    return size if size > MAX_RECORD else 0
