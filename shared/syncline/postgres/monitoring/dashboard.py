"""What the dashboard shows: runs and records of a range, and what a person should look at."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from syncline.postgres.database.database import Repository
from syncline.postgres.database.rows import fetch_structs, struct_of

STEPS = 60
"""Most steps of a range."""
COUNTED = 100_000
"""Most dead letters that are counted."""
STILL = timedelta(minutes=10)
"""A run without progress for so long needs attention."""
_FIGURES = """
select date_bin($4::interval, r.created_at, $2) as at,
  count(*) filter (where state = 'succeeded') as succeeded,
  count(*) filter (where state = 'partial_success') as partial_success,
  count(*) filter (where state = 'failed') as failed_runs,
  count(*) filter (where state = 'cancelled') as cancelled_runs,
  count(*) filter (where state in ('queued', 'extracting', 'in_progress')) as active,
  sum(success)::bigint as success,
  sum(unchanged + excluded + superseded + cancelled)::bigint as skipped,
  sum(failed)::bigint as failed
from runs r where tenant = $1 and created_at >= $2 and created_at < $3 group by 1 order by 1
"""
_LETTERS = f"""
select
  (select count(*) from (select from dead_letters where tenant = $1 and status = 'pending'
    limit {COUNTED}) c) as pending,
  (select count(*) from (select from dead_letters where tenant = $1 and status = 'pending'
    and failed_at >= $2 limit {COUNTED}) c) as pending_new
"""
_ACTIVE = """
select count(*) from runs where tenant = $1 and state in ('queued', 'extracting', 'in_progress')
"""
_NEXT = """
select s.name as schedule, s.next_at as at, i.name as instance, s.entity_type from schedules s
join instances i on i.id = s.instance_id
where s.tenant = $1 and s.next_at is not null and s.deleted_at is null and s.enabled
order by s.next_at limit 1
"""
_OVER_BUDGET = """
select 'failing' as kind, i.name || ' / ' || r.entity_type as subject, r.paused_at as at,
  r.id as correlation_id, r.needs_attention as text from runs r
join instances i on i.id = r.instance_id
where r.tenant = $1 and r.state in ('extracting', 'in_progress') and r.paused_at is not null
  and r.needs_attention is not null order by r.paused_at limit 10
"""
_FAILING = """
select 'failing' as kind, i.name || ' / ' || s.entity_type as subject, last.finished_at as at,
  last.id as correlation_id, ok.finished_at as succeeded_at,
  format('last run failed: %s', coalesce(nullif(last.reason, ''), 'every record failed'))
    || case when ok.finished_at is null then '; has never succeeded' else '' end as text
from streams s join instances i on i.id = s.instance_id
cross join lateral (select r.id, r.state, r.finished_at, r.reason from runs r
  where r.stream_id = s.id and r.finished_at is not null and r.state <> 'cancelled'
    and r.replay is null
  order by r.created_at desc limit 1) last
left join lateral (select g.finished_at from runs g
  where g.stream_id = s.id and g.state in ('succeeded', 'partial_success') and g.replay is null
  order by g.created_at desc limit 1) ok on true
where s.tenant = $1 and not s.removed and last.state = 'failed'
order by last.finished_at desc limit 10
"""
_STILL = """
select 'still' as kind, i.name || ' / ' || r.entity_type as subject, r.progressed_at as at,
  r.id as correlation_id, 'run does not move' as text from runs r
join instances i on i.id = r.instance_id
where r.tenant = $1 and r.state in ('extracting', 'in_progress') and r.progressed_at < $2
  and r.retry_due_at is null and r.paused_at is null order by r.progressed_at limit 10
"""
_MISSED = """
select 'schedule' as kind, s.name as subject, max(f.slot) as at,
  format('%s firing%s of the last day missed or refused', count(*),
    case when count(*) > 1 then 's' end) as text
from firings f
join schedules s on s.id = f.schedule_id
where s.tenant = $1 and s.deleted_at is null and f.slot > $2 and f.result in ('missed', 'refused')
group by s.name order by max(f.slot) desc limit 10
"""


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """Runs that were asked for in one step of a range, and what became of their records so far."""

    at: datetime
    succeeded: int = 0
    partial_success: int = 0
    failed_runs: int = 0
    cancelled_runs: int = 0
    active: int = 0
    success: int = 0
    skipped: int = 0
    failed: int = 0


class Totals(msgspec.Struct, frozen=True, rename="camel"):
    """The sum of a range; `failure_rate` is None where no record has an outcome."""

    runs: int
    failed_runs: int
    partial_success: int
    success: int
    skipped: int
    failed: int
    failure_rate: float | None


class NextFiring(msgspec.Struct, frozen=True, rename="camel"):
    """The schedule that fires next."""

    schedule: str
    instance: str
    entity_type: str
    at: datetime


class Attention(msgspec.Struct, frozen=True, rename="camel"):
    """Something a person should look at.

    Attributes:
        kind: `stage`, `monitor`, `failing`, `still`, `schedule`.
        subject: what it is about: a service, a schedule, or `instance / entity type`.
        at: since when, or when it was last so.
        correlation_id: of the run that shows it.
        succeeded_at: when the stream last succeeded, of `failing`.
    """

    kind: str
    subject: str
    text: str
    at: datetime | None = None
    correlation_id: str | None = None
    succeeded_at: datetime | None = None


class Dashboard(msgspec.Struct, frozen=True, rename="camel"):
    """How things stand, over a range and now.

    Attributes:
        as_of: the server's time.
        since, until: the range; runs count by the time they were asked for.
        step_seconds: length of a step; steps without a run are left out.
        previous: the equally long range before.
        dlq_pending: dead letters that wait for a person, counted up to 100,000.
        dlq_new: those of them that failed within the range.
        attention: what to look at first, the most urgent first.
    """

    as_of: datetime
    since: datetime
    until: datetime
    step_seconds: int
    steps: list[Step]
    totals: Totals
    previous: Totals
    active_runs: int
    dlq_pending: int
    dlq_new: int
    next_firing: NextFiring | None
    attention: list[Attention]


class Dashboards(Repository):
    """Reads what the dashboard shows."""

    async def of(
        self, tenant: str, now: datetime, length: timedelta, urgent: list[Attention]
    ) -> Dashboard:
        """Return the range of a length that ends now; what is urgent is to be looked at first."""
        since, step = now - length, length / STEPS
        steps = await self._steps(tenant, since, now, step)
        before = await self._steps(tenant, since - length, since, length)
        [letters] = await self._database.fetch(_LETTERS, tenant, since)
        following = await self._database.fetchrow(_NEXT, tenant)
        return Dashboard(
            as_of=now,
            since=since,
            until=now,
            step_seconds=round(step.total_seconds()),
            steps=steps,
            totals=_totals(steps),
            previous=_totals(before),
            active_runs=await self._database.fetchval(_ACTIVE, tenant),
            dlq_pending=letters["pending"],
            dlq_new=letters["pending_new"],
            next_firing=struct_of(NextFiring, following) if following else None,
            attention=[*urgent, *await self._attention(tenant, now)],
        )

    async def _steps(
        self, tenant: str, since: datetime, until: datetime, step: timedelta
    ) -> list[Step]:
        return await fetch_structs(self._database, Step, _FIGURES, tenant, since, until, step)

    async def _attention(self, tenant: str, now: datetime) -> list[Attention]:
        day_ago = now - timedelta(days=1)
        return [
            *await fetch_structs(self._database, Attention, _OVER_BUDGET, tenant),
            *await fetch_structs(self._database, Attention, _FAILING, tenant),
            *await fetch_structs(self._database, Attention, _STILL, tenant, now - STILL),
            *await fetch_structs(self._database, Attention, _MISSED, tenant, day_ago),
        ]


def _totals(steps: list[Step]) -> Totals:
    def total(name: str) -> int:
        return sum(getattr(step, name) for step in steps)

    states = ("succeeded", "partial_success", "failed_runs", "cancelled_runs", "active")
    failed = total("failed")
    ended = total("success") + total("skipped") + failed
    return Totals(
        runs=sum(map(total, states)),
        failed_runs=total("failed_runs"),
        partial_success=total("partial_success"),
        success=total("success"),
        skipped=total("skipped"),
        failed=failed,
        failure_rate=failed / ended if ended else None,
    )
