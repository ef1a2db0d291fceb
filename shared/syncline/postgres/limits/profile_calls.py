"""Shares of a profile: which runs use its calls now, and which wait for one.

Each process counts in memory. Once a second it stores its counts, while it has any, in one row,
which runs out as its leases do.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec

from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import struct_of

LEASE = "30 seconds"
"""After which nothing counts that a process that died had of a profile."""

_STORE = """
insert into profile_calls (profile_id, holder, tenant, written_at, runs)
values ($1, $2, $3, now(), $4)
on conflict (profile_id, holder) do update set
  written_at = excluded.written_at, runs = excluded.runs
"""
_REMOVE = f"""
delete from profile_calls
where profile_id = $1 and holder = $2 or written_at < now() - interval '{LEASE}'
"""
_NOW = f"""
select c.profile_id, r.id as correlation_id, i.name as instance, r.entity_type,
  sum(n.in_hand)::int as in_hand, sum(n.waiting)::int as waiting,
  min(c.written_at - make_interval(secs => n.waited)) filter (where n.waiting > 0) as waiting_since
from profile_calls c
cross join jsonb_to_recordset(c.runs) as n(run_id uuid, in_hand int, waiting int, waited float8)
join runs r on r.id = n.run_id join instances i on i.id = r.instance_id
where c.tenant = $1 and r.tenant = $1 and c.profile_id = any($2::uuid[])
  and c.written_at >= now() - interval '{LEASE}'
group by c.profile_id, r.id, i.name order by r.created_at, r.id
"""


class RunCalls(msgspec.Struct, frozen=True, rename="camel"):
    """What a run uses of a profile's calls now.

    Attributes:
        in_hand: its calls that are under way.
        waiting: its calls that wait for their turn.
        waiting_since: since when the oldest of those waits.
    """

    correlation_id: str
    instance: str
    entity_type: str
    in_hand: int
    waiting: int
    waiting_since: datetime | None


class ProfileCallsView(msgspec.Struct, frozen=True, rename="camel"):
    """Who uses a profile's calls now, and who waits; summed over all processes.

    Attributes:
        in_hand: calls of runs that are under way, of `maxConcurrent`.
        waiting: calls of runs that wait for their turn.
        runs: the oldest first.
    """

    in_hand: int = 0
    waiting: int = 0
    runs: Sequence[RunCalls] = ()


class Call(msgspec.Struct, eq=False):
    """A call of a run. `since`: when it began to wait, by the loop's clock."""

    run_id: str
    since: float
    waits: bool = True


class _Counts(msgspec.Struct):
    """A run's calls in one process; `waited`: for how many seconds the oldest waits."""

    run_id: str
    in_hand: int = 0
    waiting: int = 0
    waited: float = 0.0


class ProfileCalls:
    """The calls of one profile in this process."""

    def __init__(self, database: Database, profile: str, tenant: str, holder: str) -> None:
        self._database = database
        self._profile = profile
        self._tenant = tenant
        self._holder = holder
        self._calls: set[Call] = set()
        self._is_stored = False

    @contextmanager
    def counted(self, run_id: str | None) -> Iterator[Call]:
        """Count a call of a run while the block runs: as waiting, until `waits` is made false."""
        call = Call(run_id or "", asyncio.get_running_loop().time())
        if run_id is not None:
            self._calls.add(call)
        try:
            yield call
        finally:
            self._calls.discard(call)

    async def store(self) -> None:
        """Store the calls of this moment, if there are any or were at the last time.

        Raises RetriableError.
        """
        if runs := self._by_run():
            await self._database.execute(_STORE, self._profile, self._holder, self._tenant, runs)
            self._is_stored = True
        else:
            await self.remove()

    async def remove(self) -> None:
        """Remove what is stored, and what processes that died have left. Raises RetriableError."""
        if self._is_stored:
            await self._database.execute(_REMOVE, self._profile, self._holder)
            self._is_stored = False

    def _by_run(self) -> list[_Counts]:
        now, runs = asyncio.get_running_loop().time(), dict[str, _Counts]()
        for call in self._calls:
            counts = runs.setdefault(call.run_id, _Counts(call.run_id))
            if call.waits:
                counts.waiting += 1
                counts.waited = max(counts.waited, now - call.since)
            else:
                counts.in_hand += 1
        return list(runs.values())


async def calls_now(
    database: Database, tenant: str, profiles: Sequence[str]
) -> Mapping[str, ProfileCallsView]:
    """Return who uses the calls of these profiles now, by their IDs; of one that nobody uses none.

    Raises RetriableError.
    """
    by_profile: dict[str, list[RunCalls]] = defaultdict(list)
    for row in await database.fetch(_NOW, tenant, profiles):
        by_profile[row["profile_id"]].append(struct_of(RunCalls, row))
    return {
        profile: ProfileCallsView(
            sum(run.in_hand for run in runs), sum(run.waiting for run in runs), runs
        )
        for profile, runs in by_profile.items()
    }
