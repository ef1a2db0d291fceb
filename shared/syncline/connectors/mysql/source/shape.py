"""The columns of a query, and how each is selected so that its values stay exact and short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.mysql.kinds import Kind, kind_of_field
from syncline.connectors.mysql.session import Session
from syncline.connectors.mysql.source.queries import column_of
from syncline.connectors.projection import duplicate_column
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import MAX_RECORD

_LISTED = 256 | 2048
"""Flags of ENUM and SET, which sort by the place in their list."""
_LONG = frozenset({Kind.TEXT, Kind.BINARY, Kind.JSON})
_KEY = 1000
"""Characters of a long ID or cursor value that are read: more than an ID may have."""


class Column(msgspec.Struct, frozen=True):
    """A column of a result.

    Attributes:
        is_listed: an ENUM or a SET.
        is_long: it may have more bytes than a record.
    """

    name: str
    kind: Kind
    is_listed: bool = False
    is_long: bool = False

    @property
    def key(self) -> str:
        """The column as SQL, as it is compared and sorted."""
        column = column_of(self.name)
        return f"cast({column} as char)" if self.is_listed else column


class Selection(msgspec.Struct, frozen=True):
    """What a query selects: the chosen columns first, then what their values lose.

    Attributes:
        sizes: place of a long column -> place of its size, where it was too long to be read.
        groups: places that are equal in rows that have the same cursor value and the same ID.
    """

    columns: Sequence[Column]
    sql: str
    sizes: Mapping[int, int]
    groups: tuple[int, ...]


async def shape_of(session: Session, query: str) -> dict[str, Column]:
    """Ask the server what a query gives; nothing of it is read."""
    await session.rows(f"select * from ({query}\n) q limit 0")
    return columns_of(session)


def columns_of(session: Session) -> dict[str, Column]:
    """Return the columns of the last result. Raises ConnectorError where two have one name."""
    columns: dict[str, Column] = {}
    for name, code, charset, flags, length in session.fields():
        if name in columns:
            raise duplicate_column(name)
        kind = kind_of_field(code, charset)
        is_long = kind in _LONG and length > MAX_RECORD
        columns[name] = Column(name, kind, bool(flags & _LISTED), is_long)
    return columns


def selection(extraction: Extraction, shape: Mapping[str, Column]) -> Selection:
    """Return the select list of an extraction whose columns are there."""
    keys = [n for n in (extraction.cursor_column, extraction.id_column) if n is not None]
    names = list(shape)
    if extraction.columns and not extraction.filters:
        names = list(dict.fromkeys([*extraction.columns, *keys]))
    said = [_said(shape[name], is_key=name in keys) for name in names]
    sizes: dict[int, int] = {}
    for place, name in enumerate(names):
        if shape[name].is_long and name not in keys:
            sizes[place] = len(said)
            column = column_of(name)
            said.append(f"if(length({column}) > {MAX_RECORD}, length({column}), null)")
    groups = []
    for name in keys:
        groups.append(names.index(name))
        if shape[name].kind is Kind.TEXT:  # what the column's collation takes for one
            groups[-1] = len(said)
            said.append(f"weight_string(rtrim({shape[name].key}))")
    chosen = [shape[name] for name in names]
    return Selection(chosen, ", ".join(said), sizes, tuple(groups))


def _said(column: Column, *, is_key: bool) -> str:
    own = column_of(column.name)
    if column.kind is Kind.FLOAT:  # MySQL shows six of its digits
        return f"{own} + 0e0 as {own.removeprefix('q.')}"
    if not column.is_long:
        return own
    short = f"left({own}, {_KEY})" if is_key else f"if(length({own}) > {MAX_RECORD}, null, {own})"
    return f"{short} as {own.removeprefix('q.')}"
