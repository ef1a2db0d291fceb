"""The alert state of subjects; state, incidents and messages change in one transaction.

An event that comes twice or late, or to two processes at once, waits for the locked row of its
subject and then finds nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from syncline.contracts.alerts import Happening
from syncline.domain.dead_letter.fingerprint import pattern_of
from syncline.domain.notification.incident import AlertState, AlertTiming, Cause, Subject
from syncline.postgres.database.database import Connection, Database, Repository, Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.notifications.breaker_alerts import breaker_happenings
from syncline.postgres.notifications.incidents import (
    Message,
    columns_of,
    due_tenants,
    note_happenings,
    queue_due_messages,
)
from syncline.postgres.notifications.overdue_alerts import overdue_happenings

_LOCK = 7_305_817_213  # any fixed number of our own
_OVERDUE_LOCK = 7_305_817_215
_PENDING = """
select i.tenant, i.name, coalesce(p.count, 0) as count from instances i
left join (select tenant, instance_id, count(*) from dead_letters
  where status = 'pending' group by 1, 2) p on p.tenant = i.tenant and p.instance_id = i.id
left join alert_states a on a.tenant = i.tenant and a.instance = i.name and a.entity_type = ''
where p.count > 0 or a.open <> '{}'
"""
_BEGIN = """
insert into alert_states (tenant, instance, entity_type)
select * from unnest($1::text[], $2::text[], $3::text[]) on conflict do nothing
"""
_LOCKED = """
select a.* from alert_states a
join unnest($1::text[], $2::text[], $3::text[]) as s(tenant, instance, entity_type)
  using (tenant, instance, entity_type)
order by a.tenant, a.instance, a.entity_type for update of a
"""
# Of a run's dead letters the largest group counts; a run that failed as a whole has its failure.
_CAUSES = """
select r.id, r.reason, r.failed, r.failure->>'code' as failure_code,
  r.failure->>'message' as failure, r.halted_at is not null as halted, r.source_id, r.target_id,
  r.mapping_id, s.name as source, t.name as target, m.name as mapping, g.n, d.stage, d.code,
  d.error, d.fingerprint
from runs r join profiles s on s.id = r.source_id join profiles t on t.id = r.target_id
join mappings m on m.id = r.mapping_id
left join lateral (select l.fingerprint, count(*) as n from dead_letters l where l.run_id = r.id
  group by 1 order by n desc, 1 limit 1) g on true
left join lateral (select l.stage, l.code, l.error, l.fingerprint from dead_letters l
  where l.run_id = r.id and l.fingerprint = g.fingerprint limit 1) d on true
where r.id = any($1)
  and (r.state in ('failed', 'partial_success') or r.needs_attention is not null)
"""
_MAPPED = ("normalize", "transform")


class AlertVerdict(NamedTuple):
    """How subjects stand now, and what that means for their incidents."""

    states: Mapping[Subject, AlertState]
    happenings: Sequence[Happening]


Decide: TypeAlias = Callable[[Mapping[Subject, AlertState], Mapping[str, Cause]], AlertVerdict]
Weigh: TypeAlias = Callable[[Mapping[Subject, AlertState], Mapping[Subject, int]], AlertVerdict]


class Alerting(Repository):
    """Every method may raise RetriableError, and returns the messages that are sent now."""

    def __init__(self, database: Database, pace: AlertTiming) -> None:
        super().__init__(database)
        self._pace = pace

    async def decide(
        self, subjects: Collection[Subject], run_ids: Sequence[str], decide: Decide, now: datetime
    ) -> Sequence[Message]:
        """Lock subjects, decide on their runs, and store the verdict."""
        async with self._database.transaction() as connection:
            states = await _locked(connection, sorted(subjects))
            rows = await connection.fetch(_CAUSES, list(run_ids))
            causes = {row["id"]: _cause(row) for row in rows}
            return await self._kept(connection, states, decide(states, causes), now)

    async def weigh_pending(self, weigh: Weigh, now: datetime) -> Sequence[Message]:
        """Decide on the numbers of pending dead letters by instance, in one process at a time."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
                return []
            rows = await connection.fetch(_PENDING)
            pending = {Subject(row["tenant"], row["name"]): row["count"] for row in rows}
            states = await _locked(connection, sorted(pending))
            return await self._kept(connection, states, weigh(states, pending), now)

    async def weigh_breakers(self, now: datetime) -> Sequence[Message]:
        """Note which circuit breakers have opened or closed since the last time."""
        async with self._database.transaction() as connection:
            happenings = await breaker_happenings(connection)
            return await self._kept(connection, {}, AlertVerdict({}, happenings), now)

    async def weigh_overdue(self, now: datetime) -> Sequence[Message]:
        """Note what has not happened for a time, or has now, in one process at a time."""
        async with self._database.transaction() as connection:
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _OVERDUE_LOCK):
                return []
            happenings = await overdue_happenings(connection, now)
            return await self._kept(connection, {}, AlertVerdict({}, happenings), now)

    async def tell_due(self, now: datetime) -> Sequence[Message]:
        """Send what has been so for long enough."""
        told: list[Message] = []
        for tenant in await due_tenants(self._database, now):
            async with self._database.transaction() as connection:
                told += await queue_due_messages(connection, tenant, now, self._pace)
        return told

    async def _kept(
        self,
        connection: Connection,
        states: Mapping[Subject, AlertState],
        verdict: AlertVerdict,
        now: datetime,
    ) -> Sequence[Message]:
        await connection.executemany(
            "update alert_states set open = $4, judged_at = $5 "
            "where tenant = $1 and instance = $2 and entity_type = $3",
            [
                (*msgspec.structs.astuple(subject), list(map(str, state.open)), state.judged_at)
                for subject, state in verdict.states.items()
                if state != states[subject]
            ],
        )
        told: list[Message] = []
        for tenant in await note_happenings(connection, verdict.happenings, now):
            told += await queue_due_messages(connection, tenant, now, self._pace)
        return told


async def _locked(connection: Connection, subjects: Sequence[Subject]) -> dict[Subject, AlertState]:
    """Lock the rows of subjects, in an order that all keep; those that are new begin well."""
    keys = columns_of(subjects)
    await connection.execute(_BEGIN, *keys)
    rows = await connection.fetch(_LOCKED, *keys)
    return {struct_of(Subject, row): struct_of(AlertState, row) for row in rows}


def _cause(row: Row) -> Cause:
    if row["failure"] is not None:
        side = "target" if row["halted"] else "source"
        pattern = pattern_of(row["failure"])
        key = f"{row[f'{side}_id']}/{row['failure_code']}/{pattern}"
        return Cause(key, row[side], row["failure"])
    if row["stage"] is None:
        return Cause(f"{row['source_id']}/{pattern_of(row['reason'] or '')}", None, row["reason"])
    side = "mapping" if row["stage"] in _MAPPED else "source"
    side = "target" if row["stage"] == "execute" else side
    some = "" if row["n"] == row["failed"] else f"{row['n']:,} of them: "
    words = f"{row['failed']:,} records failed, {some}{row['error']}"
    if row["failed"] == 1:
        words = f"a record failed: {row['error']}"
    return Cause(f"{row[f'{side}_id']}/{row['fingerprint']}", row[side], words)
