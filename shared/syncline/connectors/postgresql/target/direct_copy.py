"""COPY straight into a table that has none of a bulk's rows yet, as in a first load.

It is taken where it writes just what the upsert would: rules are not applied to it, row security
refuses it, and triggers of a user's would see another statement.
"""

from __future__ import annotations

import asyncpg

from syncline.connectors.port import Pace, WriteBatch
from syncline.connectors.postgresql.target.staging_table import CopyRows, copy_rows
from syncline.connectors.postgresql.target.table import Table
from syncline.domain.columns import Columns

LEAST = 500
"""Records from which on it costs less than an upsert."""
LEAST_BYTES = 200_000
"""Bytes from which on it does with fewer records: an upsert writes each byte twice."""
_REMEMBERED = 1_000
_PLAIN = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = $1 and c.relkind = 'r' and not c.relhasrules and not row_security_active(c.oid)
  and has_any_column_privilege(c.oid, 'update') and has_any_column_privilege(c.oid, 'select')
  and not exists (select from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal)
"""


class DirectCopy:
    """Writes bulks of new records; where a table refused one, the run's others go another way."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, int]] = set()

    async def write(
        self,
        connection: asyncpg.Connection,
        table: Table,
        pace: Pace,
        batch: WriteBatch,
        rows: CopyRows,
    ) -> bool:
        """Write a bulk if that may be.

        Returns:
            False where nothing is written: the bulk is not for it, or the table refused a row.
        """
        columns, place = batch.columns, (batch.correlation_id, table.described.oid)
        if columns is None or not batch.new or place in self._refused:
            return False
        if (len(columns) < LEAST and len(rows.data) < LEAST_BYTES) or _lacks(table, columns):
            return False
        name = await connection.fetchrow(_PLAIN, table.described.oid)
        if name is None:
            return False
        await pace()
        try:
            await copy_rows(connection, (name[0], name[1]), list(columns.values), rows)
        except asyncpg.PostgresError:
            if connection.is_closed():
                raise
            if len(self._refused) >= _REMEMBERED:
                self._refused.clear()
            self._refused.add(place)
            return False
        return True


def _lacks(table: Table, columns: Columns) -> bool:
    """Tell whether a bulk lacks a column that a new row must have."""
    return any(c.demanded for name, c in table.columns.items() if name not in columns.values)
