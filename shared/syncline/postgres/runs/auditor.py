"""The auditor: what must hold of runs, checked by SQL. Each query returns the offenders."""

from __future__ import annotations

import msgspec

from syncline.domain.reach import STAGES
from syncline.domain.record import JsonObject
from syncline.domain.run import Outcome
from syncline.postgres.database.database import Database
from syncline.postgres.runs.run_row import IN_FLIGHT

_CODES = ", ".join(
    f"sum(length(b.outcomes) - length(replace(b.outcomes, '{outcome.value}', '')))"
    f" as {outcome.name.lower()}"
    for outcome in Outcome
)
_DERIVED = f"""
select b.run_id, sum(length(b.outcomes)) as total, {_CODES} from batches b group by b.run_id
"""
_REACHED = ", ".join(
    f"coalesce(sum(length(b.outcomes) - length(replace(b.outcomes, '.', ''))) filter"
    f" (where b.number <= (r.reach -> '{stage}' ->> b.lane::int)::int), 0) as {stage}"
    for stage in STAGES
)
_FINAL = "('succeeded', 'partial_success', 'failed', 'cancelled')"
# Outcomes are deleted before their runs are: an old run without any cannot be checked.
_OLD = "(d.run_id is null and r.finished_at < now() - interval '1 day')"
_OTHER_TENANT = " union all ".join(
    f"select r.id from runs r join {table} x on x.run_id = r.id where x.tenant <> r.tenant"
    for table in ("batches", "attempts", "dead_letters", "cursors", "ledger")
)

CHECKS = {
    "counters shown = counters derived": f"""
      select r.id as run_id from runs r left join ({_DERIVED}) d on d.run_id = r.id
      where (r.total, r.success, r.unchanged, r.excluded, r.superseded, r.cancelled, r.failed)
        is distinct from (coalesce(d.total, 0), coalesce(d.success, 0), coalesce(d.unchanged, 0),
          coalesce(d.excluded, 0), coalesce(d.superseded, 0), coalesce(d.cancelled, 0),
          coalesce(d.failed, 0)) and not {_OLD}""",
    "total = success + skipped + failed once a run is closed": f"""
      select r.id as run_id from runs r
      where (r.finished_at is not null or r.state in {_FINAL}) and {IN_FLIGHT} <> 0""",
    "a run ends in the state that its counters say": f"""
      select r.id as run_id, r.state from runs r where r.state in {_FINAL} and r.state <> case
        when r.halted_at is not null then 'failed'
        when r.cancel_requested_at is not null then 'cancelled'
        when r.reason like 'stalled%' then 'failed'
        when r.failure is not null then
          case when r.total = r.failed then 'failed' else 'partial_success' end
        when r.failed = 0 then 'succeeded'
        when r.failed = r.total then 'failed' else 'partial_success' end""",
    "records in flight are as far as the batches that hold them": f"""
      select r.id as run_id from runs r cross join lateral (select {_REACHED} from batches b
        where b.run_id = r.id and b.stage = 'normalize' and position('.' in b.outcomes) > 0) p
      where r.finished_at is null and (r.in_flight_normalized, r.in_flight_transformed,
        r.in_flight_taken) is distinct from (p.normalize, p.transform, p.execute)""",
    "one outcome code for every record": """
      select b.run_id, b.number from batches b
      where length(b.outcomes) <> cardinality(b.source_ids) or b.outcomes !~ '^[.SUXPCF]*$'""",
    "batches are numbered without a gap": """
      select r.id as run_id from runs r join (select run_id, count(*) as count, max(number) as last
        from batches group by run_id) b on b.run_id = r.id
      where (r.finished_at is null or r.finished_at > now() - interval '1 day')
        and (b.count <> r.batches or b.last <> r.batches - 1)""",
    "failed = exactly one dead letter": """
      select coalesce(f.run_id, l.run_id) as run_id, f.number, f.slot, f.source_id, l.id from (
        select b.run_id, b.number, o.slot - 1 as slot, b.source_ids[o.slot] as source_id
        from batches b, string_to_table(b.outcomes, null) with ordinality as o(code, slot)
        where o.code = 'F') f
      full join (select * from dead_letters where run_id is not null) l
        on l.run_id = f.run_id and l.batch = f.number and l.slot = f.slot
        and l.source_id = f.source_id
      left join runs r on r.id = coalesce(l.run_id, f.run_id)
      where (l.id is null or f.run_id is null) and (r.state is null or r.finished_at is not null)
        and not (l.id is null and r.finished_at < now() - interval '1 day')
        and not (f.run_id is null and r.finished_at < now() - interval '1 day')""",
    "a replayed dead letter names its run, and an open one none": """
      select l.run_id, l.id from dead_letters l left join runs r on r.id = l.replay_run
      where (l.status = 'replayed') is distinct from (l.replay_run is not null)
        or (r.id is not null and (r.stream_id <> l.stream_id or r.replay is null))""",
    "a record has one dead letter that waits": """
      select d.run_id, d.stream_id, d.source_id from dead_letters d join (
        select stream_id, source_id from dead_letters
        where status = 'pending' and source_id <> '' and length(source_id) < 512
        group by stream_id, source_id having count(*) > 1) twice using (stream_id, source_id)
      where d.status = 'pending'""",
    "an overtaken dead letter names what overtook it, and another none": """
      select run_id, id from dead_letters where (status = 'overtaken')
        is distinct from (num_nonnulls(overtaken_by, overtaken_run) = 1)""",
    "the cursor stands where its run left it": """
      select r.id as run_id, c.stream_id, c.version from cursors c join runs r on r.id = c.run_id
      where c.actor = 'finalize' and (r.state not in ('succeeded', 'partial_success')
        or r.cursor_after is distinct from c.value or r.source_ids is not null
        or r.replay is not null or r.stream_id <> c.stream_id)""",
    "the cursor never passes a record without an outcome": """
      select r.id as run_id, c.stream_id, c.version, b.number
      from cursors c join runs r on r.id = c.run_id
      join batches b on b.run_id = r.id and position('.' in b.outcomes) > 0
      where c.actor = 'finalize'
      union all
      select r.id, c.stream_id, c.version, null from cursors c join runs r on r.id = c.run_id
      where c.actor = 'finalize' and c.value is distinct from r.high_water
        and c.value is distinct from r.read_to""",
    "cursor versions follow one another": """
      select stream_id from cursors group by stream_id
      having count(*) <> max(version) or min(version) <> 1""",
    "one correlation ID, one tenant": f"""
      select r.id as run_id from runs r join streams s on s.id = r.stream_id
      where s.tenant <> r.tenant
      union all
      select r.id from runs r join dead_letters x on x.run_id = r.id
      where x.stream_id <> r.stream_id
      union all {_OTHER_TENANT}""",
    "an attempt is of a record of its run": """
      select a.run_id, a.batch, a.slot from attempts a
      join batches b on b.run_id = a.run_id and b.number = a.batch
      where b.source_ids[a.slot + 1] is distinct from a.source_id""",
    "one active run a stream": """
      select stream_id from runs where state in ('extracting', 'in_progress')
      group by stream_id having count(*) > 1""",
    "an operation that has ended has a result for every item": """
      select o.id from operations o join operation_items i on i.operation_id = o.id
      where o.finished_at is not null and (i.state <> 'done' or i.result is null)""",
    "an entry is in one run of an operation": """
      select c.run_id, i.operation_id, i.number from operation_items i
      join operation_chunks c on c.operation_id = i.operation_id and c.number = i.chunk
      join dead_letters d on d.id = i.letter_id
      where i.result in ('success', 'unchanged', 'excluded', 'superseded', 'failed')
        and d.replay_run is distinct from c.run_id""",
    "the ledger names runs of its stream": """
      select r.id as run_id, l.stream_id, l.source_id from ledger l join runs r on r.id = l.run_id
      where r.stream_id <> l.stream_id""",
}
OF_STREAMS = frozenset(
    {
        "cursor versions follow one another",
        "one active run a stream",
        "an operation that has ended has a result for every item",
    }
)
"""Checks that no single run breaks. The others name the run of each offender in `run_id`."""


class Finding(msgspec.Struct, frozen=True):
    """A check that does not hold, with up to ten offenders."""

    check: str
    offenders: list[JsonObject]


async def audit(database: Database, run_id: str | None = None) -> list[Finding]:
    """Run every check, or those about one run; an empty answer means that all hold.

    Raises RetriableError.
    """
    findings = []
    for check, sql in CHECKS.items():
        if run_id is None:
            rows = await database.fetch(f"{sql} limit 10")
        elif check in OF_STREAMS:
            continue
        else:
            rows = await database.fetch(
                f"select * from ({sql}) o where run_id = $1 limit 10", run_id
            )
        if rows:
            offenders = [{key: str(value) for key, value in row.items()} for row in rows]
            findings.append(Finding(check, offenders))
    return findings
