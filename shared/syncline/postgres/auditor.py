"""The auditor: what must hold of runs, checked by SQL. Each query returns the offenders."""

from __future__ import annotations

from typing import Any

import msgspec

from syncline.postgres.database import Database

_DERIVED = """
select b.run_id, sum(length(b.outcomes)) as total,
  sum(length(b.outcomes) - length(replace(b.outcomes, 'S', ''))) as success,
  sum(length(b.outcomes) - length(replace(b.outcomes, 'U', ''))) as unchanged,
  sum(length(b.outcomes) - length(replace(b.outcomes, 'X', ''))) as excluded,
  sum(length(b.outcomes) - length(replace(b.outcomes, 'P', ''))) as superseded,
  sum(length(b.outcomes) - length(replace(b.outcomes, 'C', ''))) as cancelled,
  sum(length(b.outcomes) - length(replace(b.outcomes, 'F', ''))) as failed
from batches b group by b.run_id
"""

CHECKS = {
    "counters shown = counters derived": f"""
      select r.id from runs r left join ({_DERIVED}) d on d.run_id = r.id
      where (r.total, r.success, r.unchanged, r.excluded, r.superseded, r.cancelled, r.failed)
        is distinct from (coalesce(d.total, 0), coalesce(d.success, 0), coalesce(d.unchanged, 0),
          coalesce(d.excluded, 0), coalesce(d.superseded, 0), coalesce(d.cancelled, 0),
          coalesce(d.failed, 0))""",
    "a closed run has nothing in flight": """
      select r.id from runs r
      where r.finished_at is not null and r.total <>
        r.success + r.unchanged + r.excluded + r.superseded + r.cancelled + r.failed""",
    "one outcome code for every record": """
      select b.run_id, b.number from batches b
      where length(b.outcomes) <> cardinality(b.source_ids) or b.outcomes !~ '^[.SUXPCF]*$'""",
    "failed = exactly one dead letter": """
      select f.run_id, f.number, f.slot, l.id from (
        select b.run_id, b.number, o.slot - 1 as slot
        from batches b, string_to_table(b.outcomes, null) with ordinality as o(code, slot)
        where o.code = 'F') f
      full join (select * from dead_letters where run_id is not null) l
        on l.run_id = f.run_id and l.batch = f.number and l.slot = f.slot
      left join runs r on r.id = l.run_id
      where (l.id is null or f.run_id is null)
        and (r.state is null or r.finished_at is not null)""",
    "the cursor stands where its run left it": """
      select c.stream_id, c.version from cursors c join runs r on r.id = c.run_id
      where c.actor = 'finalize' and (r.state not in ('succeeded', 'partial_success')
        or r.cursor_after is distinct from c.value)""",
    "one correlation ID, one tenant": """
      select r.id from runs r join streams s on s.id = r.stream_id where s.tenant <> r.tenant
      union all
      select r.id from runs r join batches x on x.run_id = r.id where x.tenant <> r.tenant
      union all
      select r.id from runs r join dead_letters x on x.run_id = r.id where x.tenant <> r.tenant
      union all
      select r.id from runs r join ledger x on x.run_id = r.id where x.tenant <> r.tenant""",
    "one active run a stream": """
      select stream_id from runs where state in ('extracting', 'in_progress')
      group by stream_id having count(*) > 1""",
    "the ledger names runs that know the record": """
      select l.stream_id, l.source_id from ledger l join runs r on r.id = l.run_id
      where r.stream_id <> l.stream_id""",
}


class Finding(msgspec.Struct, frozen=True):
    """A check that does not hold, with up to ten offenders."""

    check: str
    offenders: list[dict[str, Any]]


async def audit(database: Database) -> list[Finding]:
    """Run every check; an empty answer means that all hold. Raises RetriableError."""
    findings = []
    for check, sql in CHECKS.items():
        rows = await database.fetch(f"{sql} limit 10")
        if rows:
            offenders = [{key: str(value) for key, value in row.items()} for row in rows]
            findings.append(Finding(check, offenders))
    return findings
