"""Which writers are open while a source is read, so that no row is passed over that commits late.

What is proved: let S be the snapshot that is read. A transaction W that S does not see and that may
commit later either is listed, or began after everything that S sees had been committed, so that it
stamps later times and draws higher numbers than S saw.

1. The list A is taken in a statement of its own, before S; with it the state of all transaction IDs
   (`txid_current_snapshot`), as it was before the list was read.
2. S is taken by the first statement of the reading transaction, which reads that state again and
   takes a second list B. If both states are equal, no transaction that wrote was committed between
   the beginning of A and S. So all that S sees had been committed when A was begun, and a W that A
   does not list began later. If they differ it is tried again; a source that never rests counts
   its reading itself as an open writer, since the beginning of A.
3. PostgreSQL stamps a transaction's begin a few instructions before it shows it. B is taken later
   and lists a W that was stamped before A and not yet shown.

Begin, not the first write, is what counts: `now()` is the begin, and a number may be drawn before a
transaction has an ID. A prepared transaction does not tell when it began: it holds everything back.
"""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import msgspec

from syncline.connectors.port import SourceSnapshot
from syncline.connectors.postgresql.errors import TRANSIENT

READING = "syncline read"
"""What reading connections are called, by which others know that they write nothing."""
_TRIES = 12
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_SETTINGS = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "timezone": "UTC",
    "lc_monetary": "C",
    "idle_in_transaction_session_timeout": "0",
}
"""How values are written, and that a read may wait for those who take its pages. Set for the
transaction, since a pooler may give each its own connection."""
_LIST = f"""
  select min(since) as since, coalesce(bool_or(blind), false) as blind,
    exists (select from pg_prepared_xacts where database = current_database()) as prepared
  from (
    select case when hidden then null when xact_start is not null then xact_start
                when state = 'active' then query_start end as since,
      case when hidden then pid in (
        select pid from pg_locks where locktype = 'virtualxid' and mode = 'ExclusiveLock'
      ) end as blind
    from (
      select *, query = '<insufficient privilege>' or state = 'disabled' as hidden
      from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null
        and coalesce(backend_type, '') not in ('walsender', 'parallel worker')
        and not (coalesce(application_name, '') in ('pg_dump', '{READING}')
          and coalesce(query, '') <> '<insufficient privilege>' and backend_xid is null)
        and pid not in (select pid from pg_stat_progress_vacuum)
        and pid not in (
          select pid from pg_stat_progress_create_index where command like '%CONCURRENTLY'
        )
    ) sessions
  ) writers
"""
_BEFORE = f"""
  select statement_timestamp() as at, txid_current_snapshot()::text as state,
    pg_is_in_recovery() as standby, l.* from ({_LIST}) l
"""
_SETTING = ", ".join(f"set_config('{n}', '{v}', true)" for n, v in _SETTINGS.items())
_AFTER = f"""
  select clock_timestamp() as at, txid_current_snapshot()::text as state, l.*, {_SETTING}
  from ({_LIST}) l
"""
_BLIND = """
  select pg_is_in_recovery() as standby, current_user as login,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as sees
"""


class OpenWriters(msgspec.Struct, frozen=True):
    """The list A: the state of all transaction IDs as it was taken, since when one is open."""

    at: datetime
    state: str
    since: datetime | None


async def open_writers(connection: asyncpg.Connection) -> OpenWriters | None:
    """Take the list A, outside of any transaction; None where the source cannot tell."""
    try:
        [row] = await connection.fetch(_BEFORE)
    except TRANSIENT:
        raise
    except asyncpg.PostgresError:
        return None  # too old, or only like PostgreSQL: late_commits() says what that means
    if row["standby"] or row["blind"]:
        return None
    return OpenWriters(row["at"], row["state"], _NEVER if row["prepared"] else row["since"])


async def set_output_format(connection: asyncpg.Connection) -> None:
    """Set how values are written, in the transaction that reads them."""
    await connection.execute(f"select {_SETTING}")


async def begin(connection: asyncpg.Connection) -> SourceSnapshot | None:
    """Begin a transaction that reads one snapshot, and say who may still write behind it.

    The caller ends it.
    """
    for tries_left in reversed(range(_TRIES)):
        before = await open_writers(connection)
        await connection.execute("begin transaction isolation level repeatable read read only")
        if before is None:
            await set_output_format(connection)
            return None
        [after] = await connection.fetch(_AFTER)
        quiet = after["state"] == before.state
        if quiet or not tries_left:
            return None if after["blind"] else _snapshot(before, after, quiet=quiet)
        await connection.execute("rollback")
    raise AssertionError


def _snapshot(before: OpenWriters, after: asyncpg.Record, *, quiet: bool) -> SourceSnapshot:
    moments = [before.since, None if quiet else before.at]
    if after["prepared"]:
        moments.append(_NEVER)
    if after["since"] is not None and after["since"] <= before.at:
        moments.append(after["since"])
    since = min((m for m in moments if m is not None), default=None)
    return SourceSnapshot(after["at"].isoformat(), None if since is None else since.isoformat())


async def blindness(connection: asyncpg.Connection) -> str | None:
    """Say why writers cannot be told, and what to do; None where they can."""
    try:
        await connection.fetchrow(_BEFORE)
        [row] = await connection.fetch(_BLIND)
    except TRANSIENT:
        raise
    except asyncpg.PostgresError as error:
        why = f"this server does not tell its open writers ({error})"
    else:
        if row["standby"]:
            why = "this server is a standby: the writers are on its primary and cannot be seen"
        elif not row["sees"]:
            login = row["login"]
            why = f"{login} does not see the transactions of other logins"
            return f"{why}: {_LATE}; `grant pg_read_all_stats to {login}`, or {_REMEDY}"
        else:
            return None
    return f"{why}: {_LATE}; {_REMEDY}"


_LATE = "a row that is committed after a newer one was read may be passed over"
_REMEDY = "give the mapping a `lookback` as long as the longest write takes"
