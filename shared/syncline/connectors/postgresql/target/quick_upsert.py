"""The quick way to write a bulk: from its columns, without a look at a single record.

It is taken where nothing about a bulk is out of the ordinary. What is refused on it is written the
careful way (`upsert`), which finds the record at fault.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from syncline.connectors.port import Pace, WriteBatch, WriteResult
from syncline.connectors.postgresql.errors import is_transient
from syncline.connectors.postgresql.target.bulks import Bulks, LeftOutError, StagingError
from syncline.connectors.postgresql.target.column_values import written_otherwise, written_values
from syncline.connectors.postgresql.target.direct_copy import DirectCopy
from syncline.connectors.postgresql.target.staging_table import CopyRows, copy_text, csv_of
from syncline.connectors.postgresql.target.table import Table
from syncline.connectors.sql.match_keys import to_target_id
from syncline.domain.columns import Columns
from syncline.domain.record import Value


async def quick_upsert(
    connection: asyncpg.Connection,
    table: Table,
    pace: Pace,
    batch: WriteBatch,
    direct_copy: DirectCopy,
) -> WriteResult | None:
    """Write a bulk from its columns.

    Returns:
        None where the bulk needs care; then nothing of it is written.

    Raises:
        asyncpg.PostgresError: the server is away for now.
        ConnectorError: what would meet every record.
    """
    columns = batch.columns
    if columns is None or not _is_plain(table, columns):
        return None
    ids = _ids(table, columns)
    if ids is None or any(map(_is_moved, batch.target_ids, ids)):
        return None
    rows = _csv(table, columns, batch.lines) or _text(table, columns)
    if rows is None:
        return None
    if await direct_copy.write(connection, table, pace, batch, rows):
        return WriteResult(list(ids), created=True)
    is_written = await _insert(Bulks(connection, table, pace), pace, columns, rows)
    return WriteResult(list(ids)) if is_written else None


async def _insert(bulks: Bulks, pace: Pace, columns: Columns, rows: CopyRows) -> bool:
    try:
        await pace()
        await bulks.insert(list(columns.values), rows, len(columns))
    except (LeftOutError, StagingError):  # the careful way finds the record and says why
        return False
    except asyncpg.PostgresError as error:
        if is_transient(error):
            raise
        await bulks.raise_of_all(error)
        return False
    return True


def _is_moved(known: str | None, own: str) -> bool:
    return known is not None and known != own


def _is_plain(table: Table, columns: Columns) -> bool:
    """Tell whether all records write the same columns, of which COPY takes the values as text."""
    known = [table.columns.get(name) for name in columns.values]
    return (
        len(columns) > 0
        and not columns.rest
        and all(c is not None and not c.generated and not c.composite for c in known)
    )


def _csv(table: Table, columns: Columns, lines: bytes | None) -> CopyRows | None:
    """Return the bulk's lines as CSV; None where they are not what its columns take."""
    if lines is None or any(written_otherwise(table.columns[name]) for name in columns.values):
        return None
    return csv_of(lines)


def _text(table: Table, columns: Columns) -> CopyRows | None:
    """Return the bulk as COPY's text; None where a value is not what its column takes."""
    named = columns.values.items()
    try:
        values = [written_values(table.columns[name], own) for name, own in named]
        return CopyRows(copy_text(values))
    except ValueError:  # the careful way names the record
        return None


def _ids(table: Table, columns: Columns) -> list[str] | None:
    """Return the target IDs; None unless all keys are texts or whole numbers that differ."""
    keys = []
    for name in table.key:
        texts = _key_texts(table.columns[name].leaf, columns.values.get(name, []))
        if not texts or table.columns[name].collation is not None:
            return None
        keys.append(texts)
    ids = keys[0] if len(keys) == 1 else [to_target_id(parts) for parts in zip(*keys, strict=True)]
    return ids if len(set(ids)) == len(ids) else None


def _key_texts(leaf: str, values: Sequence[Value]) -> list[str] | None:
    kinds = set(map(type, values))
    if leaf in ("text", "varchar") and kinds == {str}:
        return list(values)
    if leaf in ("int2", "int4", "int8") and kinds == {int}:
        return list(map(str, values))
    return None
