"""What the server's catalog says of a target table, looked at before every bulk.

A table that was altered, dropped or made anew since the last bulk is seen as it is now.
"""

from __future__ import annotations

from base64 import b64decode

import msgspec

from syncline.connectors.errors import refusal
from syncline.connectors.mysql.kinds import Kind, kind_of_type, literal, moment
from syncline.connectors.mysql.session import Row, Session
from syncline.connectors.mysql.text import text_literal

KEY_LENGTH = 3072
"""Bytes of the longest key that MySQL has."""
_TRAVELS = {
    Kind.DECIMAL: "decimal(65,30)",
    Kind.FLOAT: "double",
    Kind.DOUBLE: "double",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime(6)",
    Kind.TIMESTAMP: "datetime(6)",
    Kind.TIME: "time(6)",
}
"""The type in which a key of a kind travels as JSON."""
_COLUMNS = """
select c.column_name, c.data_type, c.column_type, c.is_nullable, c.column_default, c.extra,
  c.character_set_name, c.collation_name, t.table_type
from information_schema.columns c join information_schema.tables t
  on t.table_schema = c.table_schema and t.table_name = c.table_name
where c.table_schema = {0} and c.table_name = {1} order by c.ordinal_position
"""
_INDEXES = """
select index_name, column_name, sub_part from information_schema.statistics
where table_schema = {0} and table_name = {1} and non_unique = 0
order by index_name <> 'PRIMARY', index_name, seq_in_index
"""


class TargetColumn(msgspec.Struct, frozen=True):
    """A column of a target table.

    Attributes:
        type: as it was declared.
        demanded: a new row must have it, and nothing stands in for it.
        blank: a new row that does not name it has null or a number of its own there.
    """

    name: str
    kind: Kind
    type: str
    generated: bool
    demanded: bool
    blank: bool
    charset: str
    collation: str

    @property
    def is_exact(self) -> bool:
        """Tell whether values that are equal are also written alike."""
        return self.kind is not Kind.TEXT

    def given(self, name: str) -> tuple[str, str]:
        """Return the type in which a key travels as JSON, and the SQL that makes it the column's.

        Args:
            name: of the column of the JSON table.
        """
        if self.kind is Kind.BINARY:
            return f"varchar({2 * KEY_LENGTH})", f"unhex({name})"
        if self.kind in (Kind.WHOLE, Kind.BIT):
            return "bigint unsigned" if "unsigned" in self.type else "bigint", name
        if found := _TRAVELS.get(self.kind):
            return found, name
        cast = f"convert({name} using {self.charset}) collate {self.collation}"
        return f"varchar({KEY_LENGTH})", cast if self.collation else name

    def key(self, text: str) -> object | None:
        """Return a key as JSON for `given`; None where the column can have no such value."""
        if self.kind is Kind.TEXT or self.kind is Kind.JSON:
            return text if len(text) <= KEY_LENGTH else None
        if literal(self.kind, text) is None:
            return None
        if self.kind in (Kind.WHOLE, Kind.BIT):
            return int(text)
        if self.kind is Kind.BINARY:
            return b64decode(text).hex()
        return moment(text) or text


class TableDescription(msgspec.Struct, frozen=True):
    """A table as the catalog has it.

    Attributes:
        indexes: its unique indexes by name: their columns, None for a part of one or an expression.
        is_view: it is none.
    """

    columns: dict[str, TargetColumn]
    indexes: dict[str, list[str | None]]
    is_view: bool


async def described(session: Session, name: str) -> TableDescription:
    """Return what the catalog says of a table. Raises ConnectorError if there is none."""
    schema, _, own = name.rpartition(".")
    names = (text_literal(schema) if schema else "database()", text_literal(own))
    rows = await session.rows(_COLUMNS.format(*names))
    if not rows:
        message = f"MySQL: there is no table {name}, or the user may not see it: it must be made"
        raise refusal("no_table", f"{message} first")
    indexes: dict[str, list[str | None]] = {}
    for index, column, part in await session.rows(_INDEXES.format(*names)):
        whole = None if column is None or part is not None else str(column)
        indexes.setdefault(str(index), []).append(whole)
    columns = {str(row[0]): _column(row) for row in rows}
    return TableDescription(columns, indexes, rows[0][8] != "BASE TABLE")


def _column(row: Row) -> TargetColumn:
    name, kind, declared, nullable, default, extra, charset, collation = (
        "" if cell is None else str(cell) for cell in row[:8]
    )
    is_generated = "GENERATED" in extra.upper().replace("DEFAULT_GENERATED", "")
    is_numbered = "auto_increment" in extra.lower()
    is_given = row[4] is not None and default.upper() != "NULL"
    return TargetColumn(
        name,
        kind_of_type(kind),
        declared,
        is_generated,
        nullable == "NO" and not is_given and not is_numbered and not is_generated,
        is_numbered or (nullable == "YES" and not is_given),
        charset,
        collation,
    )
