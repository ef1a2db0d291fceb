"""What the server's catalog says of a target table, looked at before every bulk.

A table that was altered, dropped or made anew since the last bulk is seen as it is now.
"""

from __future__ import annotations

import msgspec

from syncline.connectors.dbapi.kinds import Kind
from syncline.connectors.dbapi.names import names_of
from syncline.connectors.dbapi.session import Row
from syncline.connectors.errors import refusal
from syncline.connectors.oracle.kinds import kind_of_type
from syncline.connectors.oracle.session import Session

_OWN = "nvl(:b0, sys_context('USERENV', 'CURRENT_SCHEMA'))"
_COLUMNS = f"""select c.column_name, c.data_type, c.data_length, c.char_length, c.char_used,
c.data_precision, c.data_scale, c.virtual_column, i.generation_type, {{0}}, v.view_name
from all_tab_cols c
left join all_tab_identity_cols i on i.owner = c.owner and i.table_name = c.table_name
  and i.column_name = c.column_name
left join all_views v on v.owner = c.owner and v.view_name = c.table_name
where c.owner = {_OWN} and c.table_name = :b1 and c.hidden_column = 'NO' order by c.column_id"""
_SYNONYM = f"""select table_owner, table_name from all_synonyms
where synonym_name = :b1 and db_link is null and owner in ({_OWN}, 'PUBLIC')
order by case when owner = 'PUBLIC' then 2 else 1 end"""
_INDEXES = f"""select i.index_name, c.column_name, i.index_type
from all_indexes i join all_ind_columns c
  on c.index_owner = i.owner and c.index_name = i.index_name
where i.table_owner = {_OWN} and i.table_name = :b1 and i.uniqueness = 'UNIQUE'
order by i.index_name, c.column_position"""
_CONSTRAINTS = f"""select n.constraint_name, c.column_name, n.constraint_type
from all_constraints n join all_cons_columns c
  on c.owner = n.owner and c.constraint_name = n.constraint_name
where n.owner = {_OWN} and n.table_name = :b1 and n.constraint_type in ('P', 'U')
  and n.status = 'ENABLED' order by n.constraint_name, c.position"""
_EXPRESSION = "FUNCTION-BASED"
_WITH_COLLATIONS = (12, 2)


class TargetColumn(msgspec.Struct, frozen=True):
    """A column of a target table.

    Attributes:
        name: as the catalog has it.
        type: as the catalog has it.
        length: in characters, or in bytes where `in_bytes`; None for a type without.
        generated: nobody may write it: virtual, or an identity that is always generated.
        is_binary: texts are equal only where they are written alike.
    """

    name: str
    type: str
    kind: Kind
    length: int | None = None
    in_bytes: bool = False
    generated: bool = False
    is_binary: bool = True


class TableDescription(msgspec.Struct, frozen=True):
    """A table as the catalog has it.

    Attributes:
        parts: schema, if it was named, and name.
        columns: by their names; those that are all upper case also by the name in lower case.
        keyed: columns of its unique indexes and constraints.
        others: names of unique indexes that are over an expression.
        is_view: it is none.
    """

    parts: tuple[str, ...]
    columns: dict[str, TargetColumn]
    keyed: list[list[str]]
    others: list[str]
    is_view: bool


async def described(session: Session, name: str) -> TableDescription:
    """Return what the catalog says of a table. Raises ConnectorError if there is none."""
    parts = names_of(name)
    given = _given(parts)
    wanted = _COLUMNS.format("c.collation" if _knows_collations(session.version) else "null")
    rows = await session.rows(wanted, given)
    if not rows and (synonyms := await session.rows(_SYNONYM, given)):
        parts = tuple(map(str, synonyms[0]))
        given = _given(parts)
        rows = await session.rows(wanted, given)
    if not rows:
        message = f"Oracle: there is no table {name}, or the user may not see it: it must be made"
        raise refusal("no_table", f"{message} first")
    keys: dict[str, list[str]] = {}
    others = []
    found = [*await session.rows(_INDEXES, given), *await session.rows(_CONSTRAINTS, given)]
    for index, column, kind in dict.fromkeys(found):
        if str(kind).startswith(_EXPRESSION):
            others.append(str(index))
        keys.setdefault(f"{index} {kind}", []).append(str(column))
    keyed = [columns for index, columns in keys.items() if index.partition(" ")[0] not in others]
    columns = {str(row[0]): _column(row) for row in rows}
    return TableDescription(
        parts, by_any_case(columns), keyed, sorted({*others}), rows[0][10] is not None
    )


def by_any_case(columns: dict[str, TargetColumn]) -> dict[str, TargetColumn]:
    """Add names in lower case, which nobody needs to quote in SQL either."""
    lower = {n.lower(): c for n, c in columns.items() if n.isupper() and n.lower() not in columns}
    return columns | lower


def _given(parts: tuple[str, ...]) -> dict[str, object]:
    return {"b0": parts[0] if len(parts) > 1 else None, "b1": parts[-1]}


def _knows_collations(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")[:2]) >= _WITH_COLLATIONS


def _column(row: Row) -> TargetColumn:
    name, kind = str(row[0]), str(row[1])
    size, signs, precision, scale = (
        None if each is None else int(str(each)) for each in (row[2], row[3], row[5], row[6])
    )
    is_text = bool(signs)
    in_bytes = row[4] != "C" and not kind.startswith("N")
    return TargetColumn(
        name,
        kind,
        kind_of_type(kind, precision, scale),
        (size if in_bytes else signs) if is_text else size if kind == "RAW" else None,
        in_bytes,
        row[7] == "YES" or row[8] == "ALWAYS",
        row[9] in (None, "BINARY", "USING_NLS_COMP"),
    )
