"""Bundles of runs that may not go on: kept in the database, on no topic, until their run may.

The reasons: docs/decisions/0067-paused-bundles-lie-in-the-database.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from syncline.contracts.messages import encode
from syncline.contracts.run_ref import RunRef
from syncline.contracts.wire import Delivery, Outbound
from syncline.postgres.database.database import Database, Repository

PAGE = 10
"""Bundles that go back to their topics at once; each may have more than a megabyte."""

_PARK = """
insert into parked_bundles (run_id, topic, partition, headers, value)
select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bytea[], $5::bytea[])
on conflict do nothing
"""
# What a cancelled, halted or ended run has left is skipped by its stage, whatever its target does.
# They are removed before they are sent: whoever parks one of them again meanwhile waits for that,
# instead of taking it for parked and losing it.
_TAKE = """
with due as materialized (
  select p.number from parked_bundles p join runs r on r.id = p.run_id
  where r.paused_at is null and (
    r.cancel_requested_at is not null or r.halted_at is not null or r.finished_at is not null
    or not exists (select from profile_breakers b
                   where b.profile_id = r.target_id and b.closed_at is null))
  order by p.number limit $1 for update of p skip locked)
delete from parked_bundles p using due where p.number = due.number
returning p.number, p.run_id, p.topic, p.partition, p.headers, p.value
"""
_headers = msgspec.json.Decoder(tuple[tuple[str, bytes], ...]).decode


class BundlePark(Repository):
    """Where a stage parks bundles. See runtime.ports.BundlePark."""

    def __init__(self, database: Database, may_not_go_on: Callable[[RunRef], bool]) -> None:
        super().__init__(database)
        self._may_not_go_on = may_not_go_on

    def is_for(self, run: RunRef) -> bool:
        return self._may_not_go_on(run)

    async def park(self, deliveries: Sequence[Delivery]) -> None:
        await self._database.execute(
            _PARK,
            [(d.key or b"").decode() for d in deliveries],
            [d.topic for d in deliveries],
            [d.partition for d in deliveries],
            [encode(d.headers) for d in deliveries],
            [d.value or b"" for d in deliveries],
        )


async def unpark(database: Database, send: Callable[[Sequence[Outbound]], Awaitable[None]]) -> bool:
    """Send bundles whose run may go on back to their topics, the oldest first.

    A crash behind sending them sends them twice, as any crash may.

    Returns:
        Whether there may be more. Bundles that another process has in hand are left to it.

    Raises:
        RetriableError: the database or the broker is away; nothing was removed.
    """
    async with database.transaction() as connection:
        taken = await connection.fetch(_TAKE, PAGE)
        rows = sorted(taken, key=lambda row: row["number"])
        if rows:
            await send(
                [
                    Outbound(
                        row["topic"],
                        row["run_id"].encode(),
                        row["value"],
                        row["partition"],
                        _headers(row["headers"]),
                    )
                    for row in rows
                ]
            )
    return len(rows) == PAGE
