"""Actions that people may do so often: each is audited, and the entries are what is counted.

So the limit holds over all gateways and restarts, and whoever reads the log sees what used it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from typing import NamedTuple

from syncline.domain.errors import ThrottledError
from syncline.postgres.audit.log import audit
from syncline.postgres.database.database import Database

_RECENT = """
select extract(epoch from min(at) + $3::interval - clock_timestamp())::float8 as wait,
  count(*) as done
from (select at from audit_log where tenant = $1 and action = $2
  and at > clock_timestamp() - $3::interval order by at desc limit $4) recent
"""
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended($1, 0))"


class AuditThrottle(NamedTuple):
    """How often an action, as the audit log names it, may be done in a tenant."""

    action: str
    times: int
    within: timedelta


async def audit_throttled(
    database: Database,
    throttle: AuditThrottle,
    tenant: str,
    actor: str,
    name: str,
    details: Mapping[str, object],
) -> None:
    """Write the entry of an action that is about to be done.

    Raises:
        ThrottledError: the tenant did it so often that it has to wait; nothing is written then.
        RetriableError: the database is away.
    """
    action, times, within = throttle
    async with database.transaction() as connection:
        await connection.execute(_ONE_AT_A_TIME, f"{tenant}\n{action}")
        row = await connection.fetchrow(_RECENT, tenant, action, within, times)
        assert row is not None
        if row["done"] >= times:
            wait = max(1, ceil(row["wait"]))
            minutes = f"{within.total_seconds() / 60:g} min"
            raise ThrottledError(
                f"that was done {times} times within {minutes}: wait {wait} s", wait
            )
        await audit(connection, tenant, actor, action, name, details)
