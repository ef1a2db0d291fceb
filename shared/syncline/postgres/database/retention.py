"""Letting go of what was kept long enough. Spec section 12; what is open is never touched.

Each call takes a bounded number of rows, so that no transaction is long; one process at a time.
"""

from __future__ import annotations

import msgspec

from syncline.postgres.database.database import Connection, Database, rows_touched

_LOCK = 7_305_817_212  # any fixed number of our own
ROWS = 5_000
"""Most rows of one table that one call removes."""


class Retention(msgspec.Struct, frozen=True):
    """Days that things are kept after their end; dead letters after they were resolved."""

    runs: int = 400
    outcomes: int = 90
    dead_letters: int = 30
    audit: int = 400


_STATEMENTS = {
    "dead_letters": (
        "dead_letters",
        """delete from dead_letters where id in (select id from dead_letters
        where status <> 'pending' and resolved_at < now() - make_interval(days => $1) limit $2)""",
    ),
    "operation_items": (
        "dead_letters",
        """delete from operation_items where (operation_id, number) in (
        select i.operation_id, i.number from operation_items i
        join operations o on o.id = i.operation_id
        where o.finished_at < now() - make_interval(days => $1) limit $2)""",
    ),
    "operations": (
        "audit",
        """with gone as (delete from operations where id in (select id from operations o
          where o.finished_at < now() - make_interval(days => $1) and not exists (
            select from operation_items i where i.operation_id = o.id) limit $2) returning id)
        delete from operation_chunks where operation_id in (select id from gone)""",
    ),
    "batches": (
        "outcomes",
        """delete from batches where (run_id, number) in (select b.run_id, b.number
        from batches b join runs r on r.id = b.run_id
        where r.finished_at < now() - make_interval(days => $1) limit $2)""",
    ),
    "attempts": (
        "outcomes",
        """delete from attempts where ctid = any(array(select a.ctid from attempts a
        join runs r on r.id = a.run_id
        where r.finished_at < now() - make_interval(days => $1) limit $2))""",
    ),
    "runs": (
        "runs",
        """delete from runs where id in (select r.id from runs r
        where r.finished_at < now() - make_interval(days => $1)
        and not exists (select from batches b where b.run_id = r.id)
        and not exists (select from dead_letters d where d.run_id = r.id) limit $2)""",
    ),
    "notifications": (
        "runs",
        """delete from notifications where id in (select n.id from notifications n
        where n.at < now() - make_interval(days => $1) and not exists (
          select from deliveries d where d.notification_id = n.id and d.state = 'waiting')
        limit $2)""",
    ),
    "incidents": (
        "runs",
        """delete from incidents where id in (select id from incidents
        where closed_at < now() - make_interval(days => $1) limit $2)""",
    ),
    "refusals": (
        "runs",
        """delete from refusals where run_id in (select run_id from refusals
        where at < now() - make_interval(days => $1) limit $2)""",
    ),
    "firings": (
        "runs",
        """delete from firings where (schedule_id, slot) in (select schedule_id, slot from firings
        where slot < now() - make_interval(days => $1) limit $2)""",
    ),
    "audit_log": (
        "audit",
        """delete from audit_log where id in (select id from audit_log
        where at < now() - make_interval(days => $1) limit $2)""",
    ),
}


async def let_go(database: Database, retention: Retention) -> dict[str, int]:
    """Remove some of what is too old.

    Returns:
        Removed rows by table; `ROWS` of a table means that there may be more. Empty while another
        process is at it.

    Raises:
        RetriableError: the database is away.
    """
    async with database.connection() as connection:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            return {}
        try:
            return {
                table: await _delete(connection, statement, getattr(retention, kept))
                for table, (kept, statement) in _STATEMENTS.items()
            }
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def _delete(connection: Connection, statement: str, days: int) -> int:
    return rows_touched(await connection.execute(statement, days, ROWS))
