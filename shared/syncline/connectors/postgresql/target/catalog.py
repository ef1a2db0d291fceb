"""What the server's catalog says of a target table, looked at before every bulk.

A table that was altered, dropped or made anew since the last bulk is seen as it is now.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec

# `leaf` is what values are in the end, behind domains and arrays; `depth` counts the way there.
_TABLE = """
with recursive t as (
  select c.oid, c.relkind, c.relrowsecurity, format('%I.%I', n.nspname, c.relname) as name,
    (select pg_get_partkeydef(c.oid) where c.relkind = 'p') as partitioned
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)
), leaf as (
  select a.attnum, a.atttypid as type, false as is_list, 0 as depth
  from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
  union all
  select l.attnum, case when y.typtype = 'd' then y.typbasetype else y.typelem end,
    l.is_list or y.typtype <> 'd', l.depth + 1
  from leaf l join pg_type y on y.oid = l.type
  where y.typtype = 'd' or y.typcategory = 'A' and y.typelem <> 0
), last as (
  select distinct on (attnum) attnum, type, is_list from leaf order by attnum, depth desc
)
select t.oid::bigint, t.relkind::text, t.relrowsecurity, t.name, t.partitioned, current_user::text,
  (select coalesce(json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, -1),
      'staged', format_type(a.atttypid, a.atttypmod),
      'leaf', y.typname, 'composite', y.typtype = 'c', 'isList', last.is_list,
      'own', o.typnamespace = 'pg_catalog'::regnamespace
        and y.typnamespace = 'pg_catalog'::regnamespace,
      'generated', case when a.attgenerated <> '' then 'stored'
        when a.attidentity = 'a' then 'identity' end,
      'demanded', a.attnotnull and not a.atthasdef and a.attidentity = '',
      'collation', (select format('%I.%I', cn.nspname, k.collname) from pg_collation k
        join pg_namespace cn on cn.oid = k.collnamespace
        where k.oid = a.attcollation and not k.collisdeterministic)
    ) order by a.attnum), '[]')
    from last join pg_attribute a on a.attrelid = t.oid and a.attnum = last.attnum
      join pg_type y on y.oid = last.type join pg_type o on o.oid = a.atttypid),
  (select coalesce(json_agg(json_build_object(
      'name', x.relname, 'isAtOnce', i.indimmediate, 'isValid', i.indisvalid,
      'condition', pg_get_expr(i.indpred, i.indrelid),
      'columns', (select json_agg(pg_get_indexdef(i.indexrelid, n, false) order by n)
        from generate_series(1, i.indnkeyatts) n),
      'names', (select json_agg(a.attname order by n) from generate_series(1, i.indnkeyatts) n
        join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[n - 1])
    ) order by not i.indisprimary, x.relname), '[]')
    from pg_index i join pg_class x on x.oid = i.indexrelid
    where i.indrelid = t.oid and i.indisunique)
from t
"""


_MARK = """
select concat_ws('|', c.oid, c.xmin, c.relnamespace::regnamespace,
  (select string_agg(a.xmin || format_type(a.atttypid, null), ',' order by a.attnum)
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0),
  (select string_agg(i.indexrelid || ':' || i.xmin, ',' order by i.indexrelid) from pg_index i
    where i.indrelid = c.oid))
from pg_class c where c.oid = to_regclass($1)
"""
"""A text that is another one as soon as a table's columns or indexes are changed."""


class TargetColumn(msgspec.Struct, frozen=True, rename="camel"):
    """A column of a target table.

    Attributes:
        type: how SQL says its type, without length or precision.
        staged: the same with them.
        leaf: PostgreSQL's name of what a value is behind domains and arrays; `composite` if that
            has fields of its own.
        own: its types are PostgreSQL's own, which nobody alters or drops.
        generated: `stored` or `identity` where nobody may write it.
        demanded: a new row must have it, and nothing stands in for it.
        collation: of its texts, where it takes different ones for equal.
    """

    name: str
    type: str
    staged: str
    leaf: str
    composite: bool
    is_list: bool
    own: bool
    generated: str | None
    demanded: bool
    collation: str | None


class UniqueIndex(msgspec.Struct, frozen=True, rename="camel"):
    """A unique index of a target table.

    Attributes:
        is_at_once: it is checked for each row, not at the end of a statement or transaction.
        condition: what rows it is over; None for all.
        columns: what it is over as SQL; `names` holds those that are plain columns.
    """

    name: str
    is_at_once: bool
    is_valid: bool
    condition: str | None
    columns: list[str]
    names: list[str] | None

    @property
    def fits(self) -> bool:
        """Tell whether an upsert can stand on it."""
        plain = self.names is not None and len(self.names) == len(self.columns)
        return self.is_at_once and self.is_valid and self.condition is None and plain


class TableDescription(msgspec.Struct, frozen=True):
    """A table as the catalog has it, for the user who asks; `name` is quoted, with its schema.

    Its kind is PostgreSQL's letter: r table, p partitioned (by `partitioned`), v view, f foreign, m
    materialized.
    """

    oid: int
    kind: str
    row_security: bool
    name: str
    partitioned: str | None
    user: str
    columns: dict[str, TargetColumn]
    indexes: list[UniqueIndex]


class Catalog:
    """Descriptions of tables by quoted name, read again when a table has changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, TableDescription]] = {}

    async def table(self, connection: asyncpg.Connection, name: str) -> TableDescription | None:
        """Return what the catalog says of a table; None if there is none."""
        mark = await connection.fetchval(_MARK, name)
        if mark is None:
            return None
        known = self._known.get(name)
        if known is not None and known[0] == mark:
            return known[1]
        found = await _described(connection, name)
        if found is not None:
            self._known[name] = mark, found
        return found

    def forget(self) -> None:
        """Read everything again: a call failed, and what is known may be why."""
        self._known.clear()


async def _described(connection: asyncpg.Connection, name: str) -> TableDescription | None:
    row = await connection.fetchrow(_TABLE, name)
    if row is None:
        return None
    columns = msgspec.convert(row[6], list[TargetColumn])
    indexes = msgspec.convert(row[7], list[UniqueIndex])
    oid, kind, row_security, found, partitioned, user = row[:6]
    by_name = {column.name: column for column in columns}
    return TableDescription(oid, kind, row_security, found, partitioned, user, by_name, indexes)


_RIGHTS = """
select has_schema_privilege(c.relnamespace, 'usage'),
  has_any_column_privilege(c.oid, 'insert'), has_any_column_privilege(c.oid, 'update'),
  has_any_column_privilege(c.oid, 'select'), has_database_privilege(current_database(), 'temp'),
  current_database()::text
from pg_class c where c.oid = $1
"""
_POLICIES = """
select exists (select from pg_policy p where p.polrelid = $1 and p.polpermissive
  and p.polcmd in ('*', 'a')
  and (p.polroles = '{0}' or exists (select from unnest(p.polroles) r
    where pg_has_role(current_user, r, 'usage'))))
"""


async def grants(connection: asyncpg.Connection, table: TableDescription) -> list[str]:
    """Return the grants that writing a table lacks."""
    row: Any = await connection.fetchrow(_RIGHTS, table.oid)
    schema = table.name.split(".")[0]
    rights = zip(("insert", "update", "select"), row[1:4], strict=True)
    lacking = [right for right, has in rights if not has]
    found = [] if row[0] else [f"grant usage on schema {schema} to {table.user}"]
    if lacking:
        found.append(f"grant {', '.join(lacking)} on {table.name} to {table.user}")
    if not row[4]:
        found.append(f'grant temporary on database "{row[5]}" to {table.user}')
    return found


async def lets_rows_in(connection: asyncpg.Connection, table: TableDescription) -> bool:
    """Tell whether any policy of the table's row-level security could let a row of ours in."""
    return bool(await connection.fetchval(_POLICIES, table.oid))
