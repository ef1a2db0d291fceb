"""What the server's catalog says of a target table, looked at before every bulk.

A table that was altered, dropped or made anew since the last bulk is seen as it is now.
"""

from __future__ import annotations

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.mssql.kinds import Kind, kind_of
from syncline.connectors.mssql.session import Row, Session
from syncline.connectors.mssql.text import catalog_name

_COLUMNS = """select c.name, t.name as type, c.max_length, c.precision, c.scale,
c.collation_name, c.is_identity, c.is_computed, c.generated_always_type, o.type as made_as
from sys.objects o join sys.columns c on c.object_id = o.object_id
left join sys.types t on t.user_type_id = c.system_type_id
where o.object_id = object_id(@name) and o.type in ('U', 'V') order by c.column_id"""
_INDEXES = """select i.name, c.name as column_name, i.has_filter
from sys.indexes i
join sys.index_columns ic on ic.object_id = i.object_id and ic.index_id = i.index_id
join sys.columns c on c.object_id = ic.object_id and c.column_id = ic.column_id
where i.object_id = object_id(@name) and i.is_unique = 1 and i.is_disabled = 0
and ic.is_included_column = 0 order by i.is_primary_key desc, i.name, ic.key_ordinal"""
_TABLE = "U"
_LONGEST = -1
_SIZED = frozenset({"char", "varchar", "nchar", "nvarchar", "binary", "varbinary"})
_WITH_SCALE = frozenset({"datetime2", "datetimeoffset", "time"})


class TargetColumn(msgspec.Struct, frozen=True):
    """A column of a target table.

    Attributes:
        declared: its type as SQL Server writes it.
        generated: nobody may write it: computed, `identity`, `rowversion`, of a period.
    """

    name: str
    declared: str
    generated: bool
    collation: str

    @property
    def kind(self) -> Kind:
        return kind_of(self.declared)


class TableDescription(msgspec.Struct, frozen=True):
    """A table as the catalog has it.

    Attributes:
        indexes: its unique indexes by name: their columns.
        filtered: names of those that are over a part of the rows.
        is_view: it is none.
    """

    columns: dict[str, TargetColumn]
    indexes: dict[str, list[str]]
    filtered: frozenset[str]
    is_view: bool


async def described(session: Session, name: str) -> TableDescription:
    """Return what the catalog says of a table. Raises ConnectorError if there is none."""
    given = {"name": catalog_name(name)}
    rows = (await session.rows(_COLUMNS, given)).rows
    if not rows:
        message = f"SQL Server: there is no table {name}, or the user may not see it: it must be"
        raise refusal("no_table", f"{message} made first")
    indexes: dict[str, list[str]] = {}
    filtered = set()
    for index, column, has_filter in (await session.rows(_INDEXES, given)).rows:
        indexes.setdefault(str(index), []).append(str(column))
        if has_filter:
            filtered.add(str(index))
    columns = {str(row[0]): _column(row) for row in rows}
    is_view = str(rows[0][9]).strip() != _TABLE
    return TableDescription(columns, indexes, frozenset(filtered), is_view)


def _column(row: Row) -> TargetColumn:
    name, kind, size, precision, scale, collation = row[:6]
    own = str(kind or "")
    declared = _declared(own, int(str(size)), int(str(precision)), int(str(scale)))
    is_generated = any(map(bool, row[6:9])) or kind_of(own) is Kind.ROWVERSION
    return TargetColumn(str(name), declared, is_generated, str(collation or ""))


def _declared(kind: str, size: int, precision: int, scale: int) -> str:
    if kind in _SIZED:
        length = size // 2 if kind.startswith("n") else size
        return f"{kind}({'max' if size == _LONGEST else length})"
    if kind in ("decimal", "numeric"):
        return f"{kind}({precision},{scale})"
    return f"{kind}({scale})" if kind in _WITH_SCALE else kind
