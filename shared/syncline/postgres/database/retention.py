"""Removing what was kept long enough. Spec section 12; what is open is never touched.

Each call takes a bounded number of rows, so that no transaction is long; one process at a time.
"""

from __future__ import annotations

import msgspec

from syncline.postgres.database.database import Connection, Database, rows_touched

_LOCK = 7_305_817_212  # any fixed number of our own
ROWS = 5_000
"""Most rows of one table that one call removes."""


class Retention(msgspec.Struct, frozen=True):
    """Days that things are kept after their end; dead letters after they were resolved.

    Bodies and deliveries of hooks have a time of their own, for people and against repeats.
    """

    runs: int = 400
    outcomes: int = 90
    dead_letters: int = 30
    audit: int = 400
    hook_bodies: int = 1
    hook_deliveries: int = 7


def _delete(table: str, key: str, condition: str) -> str:
    """Return the statement that removes some rows of a table `t`; `{old}` is too old."""
    own = ", ".join(f"t.{column}" for column in key.split(", "))
    rows = f"select {own} from {table} t {condition.format(old=_OLD)} limit $2"
    return f"delete from {table} where ({key}) in ({rows})"


_OLD = "now() - make_interval(days => $1)"
# Outcomes of records, which have no time of their own: those of runs that ended, oldest first.
_OF_RUNS = ("batches", "attempts")
_ENDED_RUNS = f"""
select finished_at, id from runs where finished_at < {_OLD} and (finished_at, id) > (
  coalesce((select finished_at from expired_outcomes), '-infinity'),
  coalesce((select run_id from expired_outcomes), '00000000-0000-0000-0000-000000000000'))
order by finished_at, id limit $2
"""
_OF_ENDED = """
delete from {table} where ctid = any(array(
  select ctid from {table} where run_id = any($1) limit $2))
"""
_ARE_GONE = """
insert into expired_outcomes (finished_at, run_id) values ($1, $2)
on conflict (one) do update set finished_at = excluded.finished_at, run_id = excluded.run_id
"""
# What is removed, in this order: table -> how long it is kept, and the statement.
_STATEMENTS = {
    "dead_letters": (
        "dead_letters",
        _delete("dead_letters", "id", "where status <> 'pending' and resolved_at < {old}"),
    ),
    "operation_items": (
        "dead_letters",
        _delete(
            "operation_items",
            "operation_id, number",
            "join operations o on o.id = t.operation_id where o.finished_at < {old}",
        ),
    ),
    "operations": (
        "audit",
        f"""with gone as (delete from operations where id in (select id from operations o
          where o.finished_at < {_OLD} and not exists (
            select from operation_items i where i.operation_id = o.id) limit $2) returning id)
        delete from operation_chunks where operation_id in (select id from gone)""",
    ),
    "erasures": ("outcomes", _delete("erasures", "instance_id, source_id", "where at < {old}")),
    "runs": (
        "runs",
        _delete(
            "runs",
            "id",
            """where t.finished_at < {old}
            and not exists (select from batches b where b.run_id = t.id)
            and not exists (select from dead_letters d where d.run_id = t.id)""",
        ),
    ),
    "notifications": (
        "runs",
        _delete(
            "notifications",
            "id",
            """where t.at < {old} and not exists (
            select from deliveries d where d.notification_id = t.id and d.state = 'waiting')""",
        ),
    ),
    "incidents": ("runs", _delete("incidents", "id", "where closed_at < {old}")),
    "refusals": ("runs", _delete("refusals", "run_id", "where at < {old}")),
    "firings": ("runs", _delete("firings", "schedule_id, slot", "where slot < {old}")),
    "hook_bodies": (
        "hook_bodies",
        _delete("hook_bodies", "delivery_id", "where received_at < {old}"),
    ),
    "hook_deliveries": (
        "hook_deliveries",
        _delete(
            "hook_deliveries",
            "id",
            """join hooks h on h.id = t.hook_id
            where t.received_at < {old} and (h.deleted_at is not null or not exists (
              select from hook_changes c where c.delivery_id = t.id and c.run_id is null))""",
        ),
    ),
    "hook_runs": ("runs", _delete("hook_runs", "run_id", "where closed_at < {old}")),
    "audit_log": ("audit", _delete("audit_log", "id", "where at < {old}")),
}


async def remove_expired(database: Database, retention: Retention) -> dict[str, int]:
    """Remove some rows that are too old; return how many of each table. Raises RetriableError.

    Where `ROWS` of a table were removed, there may be more. Empty while another process does this.
    """
    async with database.connection() as connection:
        if not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            return {}
        try:
            removed = await _remove_outcomes(connection, retention.outcomes)
            for table, (kept, statement) in _STATEMENTS.items():
                tag = await connection.execute(statement, getattr(retention, kept), ROWS)
                removed[table] = rows_touched(tag)
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)
        return removed


async def _remove_outcomes(connection: Connection, days: int) -> dict[str, int]:
    """Remove outcomes of runs that ended so many days ago, from where the last call stopped."""
    removed = dict.fromkeys(_OF_RUNS, 0)
    while True:
        runs = await connection.fetch(_ENDED_RUNS, days, ROWS)
        ids = [run["id"] for run in runs]
        for table, before in removed.items():
            statement = _OF_ENDED.format(table=table)
            tag = await connection.execute(statement, ids, ROWS - before)
            removed[table] += rows_touched(tag)
        if runs and ROWS not in removed.values():
            await connection.execute(_ARE_GONE, runs[-1]["finished_at"], runs[-1]["id"])
        if len(runs) < ROWS or ROWS in removed.values():
            return removed
