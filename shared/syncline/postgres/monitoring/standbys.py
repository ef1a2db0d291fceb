"""The standbys of the installation's database, and what its newest commits rest on."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import struct_of

# Who has no pg_monitor sees that a standby is there, and not how it is.
_READ = """
select pg_is_in_recovery() as is_standby, current_setting('synchronous_commit') as commit,
  current_setting('synchronous_standby_names') as wanted,
  (select count(*) from pg_stat_replication) as standbys,
  (select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')) as synchronous,
  case when pg_is_in_recovery() then 0 else (
    select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)), 0)::bigint
    from pg_stat_replication) end as behind,
  pg_has_role('pg_monitor', 'usage') as is_told
"""
_OLDEST = """
select extract(epoch from clock_timestamp() - min(started_at))::float8 from runs
where state in ('extracting', 'in_progress') and paused_at is null
"""


class Replication(msgspec.Struct, frozen=True):
    """How the database is copied.

    Attributes:
        is_standby: it is a copy itself, and takes no changes.
        commit: `synchronous_commit`.
        wanted: `synchronous_standby_names`.
        standbys, synchronous: that are connected, and those of them that commits wait for.
        behind: bytes of the log that the slowest of them has not stored.
        is_told: whether this user may see how the standbys are.
    """

    is_standby: bool = False
    commit: str = "on"
    wanted: str = ""
    standbys: int = 0
    synchronous: int = 0
    behind: int = 0
    is_told: bool = True


async def read_replication(database: Database) -> Replication:
    """Return how the database is copied. Raises RetriableError."""
    row = await database.fetchrow(_READ)
    assert row is not None
    return struct_of(Replication, row)


async def oldest_open_run(database: Database) -> float | None:
    """Return the seconds since which a run is open that is not paused. Raises RetriableError."""
    found: float | None = await database.fetchval(_OLDEST)
    return found


async def database_time(database: Database) -> datetime:
    """Return the database's time. Raises RetriableError."""
    found: datetime = await database.fetchval("select clock_timestamp()")
    return found
