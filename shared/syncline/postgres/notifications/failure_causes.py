"""Why runs failed: the system at fault, and the failure; alike failures become one incident."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.dead_letter.fingerprint import pattern_of
from syncline.domain.notification.alert import Cause
from syncline.postgres.database.database import Connection, Row

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
where r.id = any($1) and r.state in ('failed', 'partial_success')
"""
_MAPPED = ("normalize", "transform")


async def causes_of(connection: Connection, run_ids: Sequence[str]) -> dict[str, Cause]:
    """Return the causes of those runs that failed, or in part, by correlation ID."""
    rows = await connection.fetch(_CAUSES, list(run_ids))
    return {row["id"]: _cause(row) for row in rows}


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
