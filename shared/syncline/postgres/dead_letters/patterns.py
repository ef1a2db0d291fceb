"""Renews fingerprints of an older release, so that entries that are alike have the same."""

from __future__ import annotations

from syncline.domain.dead_letter.fingerprint import fingerprint, of_record, pattern_of
from syncline.postgres.database.database import Database, Row

_FIRST_ID = "0" * 32
PORTION = 500
"""Entries of one transaction."""
_OLD = """
select d.id, d.stage, d.code, d.error, d.field, d.source_id, l.target_id,
  case when length(d.payload) < 200000 then d.payload end as payload,
  v.document->'transformation'->'matchKey' as match_key
from (select * from dead_letters where pattern is null and id > $1 order by id limit $2) d
left join ledger l on l.stream_id = d.stream_id and l.source_id = d.source_id
left join runs r on r.id = d.run_id
left join mapping_versions v on v.mapping_id = r.mapping_id and v.version = d.mapping_version
order by d.id
"""
_RENEW = """
update dead_letters d set pattern = u.pattern, fingerprint = u.fingerprint
from unnest($1::uuid[], $2::text[], $3::text[]) as u(id, pattern, fingerprint)
where d.id = u.id and d.pattern is null
"""


async def renew_patterns(database: Database) -> int:
    """Renew old patterns, as several processes may at once; return of how many entries."""
    count, last = 0, _FIRST_ID
    while rows := await database.fetch(_OLD, last, PORTION):
        patterns = [_pattern(row) for row in rows]
        prints = [
            fingerprint(row["stage"], row["code"], pattern, row["field"])
            for row, pattern in zip(rows, patterns, strict=True)
        ]
        await database.execute(_RENEW, [row["id"] for row in rows], patterns, prints)
        count, last = count + len(rows), rows[-1]["id"]
    return count


def _pattern(row: Row) -> str:
    known = of_record(row["source_id"], row["payload"], row["match_key"], row["target_id"])
    return pattern_of(row["error"], known)
