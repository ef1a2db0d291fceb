"""The columns of a query, and how each is selected so that its values stay exact and short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.mssql.errors import ServerError
from syncline.connectors.mssql.kinds import MOMENTS, Kind, kind_of, length_of
from syncline.connectors.mssql.session import Session
from syncline.connectors.mssql.source.queries import Query, column_of
from syncline.connectors.projection import duplicate_column
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.record import MAX_RECORD

ROWVERSION = Kind.ROWVERSION
_DESCRIBE = """select name, system_type_name, collation_name, error_number, error_message
from sys.dm_exec_describe_first_result_set(@query, nullif(@declared, ''), 0)
where is_hidden = 0 or is_hidden is null order by column_ordinal"""
_LONG = frozenset({Kind.TEXT, Kind.BINARY})
_KEY = 1000
"""Characters of a long ID that are read: more than an ID may have."""


_FORMS = {
    **dict.fromkeys((*MOMENTS, Kind.TIME), "convert(varchar(40), {}, 121)"),
    Kind.ROWVERSION: "convert(bigint, {})",
    Kind.GUID: "convert(char(36), {})",
}
"""How columns of some kinds are selected; the driver would leave out digits of a time."""


_OTHERS = {"sql_variant": "convert(nvarchar(4000), {})", "json": "convert(nvarchar(max), {})"}
"""How columns of further types are selected; those of .NET, such as `geography`, tell a text."""


class Column(msgspec.Struct, frozen=True):
    """A column of a result; `declared` is its type as SQL Server writes it."""

    name: str
    declared: str
    collation: str = ""

    @property
    def kind(self) -> Kind:
        return kind_of(self.declared)

    @property
    def key(self) -> str:
        """The column as SQL, as it is compared and sorted."""
        return column_of(self.name)

    @property
    def is_long(self) -> bool:
        """Whether it may have more bytes than a record."""
        return self.kind in _LONG and length_of(self.declared) is None


class Selection(msgspec.Struct, frozen=True):
    """What a query selects: the chosen columns first, then what their values lose.

    Attributes:
        sizes: place of a long column -> place of its size, where it was too long to be read.
    """

    columns: Sequence[Column]
    sql: str
    sizes: Mapping[int, int]


async def shape_of(session: Session, query: Query) -> dict[str, Column]:
    """Ask the server what a query gives; nothing of it is read.

    Raises:
        ServerError: it does not take the query.
        ConnectorError: two columns have one name, or one has none.
    """
    declared = ", ".join(f"@{name} nvarchar(max)" for name in query.given)
    asked = {"query": f"select * from ({query.sql}\n) q", "declared": declared}
    columns: dict[str, Column] = {}
    for name, kind, collation, number, words in (await session.rows(_DESCRIBE, asked)).rows:
        if number is not None:
            await session.rows(f"select top (0) * from ({query.sql}\n) q", query.given)
            raise ServerError(int(str(number)), str(words))  # where that says no more
        own = str(name or "")
        if own in columns or not own:
            raise duplicate_column(own)
        columns[own] = Column(own, str(kind or ""), str(collation or ""))
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
            size = f"datalength({column_of(name)})"
            said.append(f"case when {size} > {_most(shape[name])} then {size} end as s{place}")
    return Selection([shape[name] for name in names], ", ".join(said), sizes)


def _said(column: Column, *, is_key: bool) -> str:
    own = column_of(column.name)
    named = f" as {own.removeprefix('q.')}"
    form = _FORMS.get(column.kind)
    if column.kind is Kind.OTHER:
        form = _OTHERS.get(column.declared, "{}.ToString()")
    if form is not None:
        return f"{form.format(own)}{named}"
    if not column.is_long:
        return own
    if is_key:
        return f"left({own}, {_KEY}){named}"
    return f"case when datalength({own}) <= {_most(column)} then {own} end{named}"


def _most(column: Column) -> int:
    """Return the bytes of a field in SQL Server that is surely too long for a record."""
    return MAX_RECORD * 2 if column.declared.startswith("n") else MAX_RECORD
