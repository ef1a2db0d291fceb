"""Dead letters that close by themselves: the record failed again later, or a later run wrote it.

So a record has at most one entry that waits for a person. The closed entries are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from syncline.postgres.database.database import Connection

# The version says which is newer; where one is not known, what was stored later is. Rows that have
# no ID of their own are the same only if they are so byte for byte.
_BY_NEWER = """
update dead_letters d set status = 'overtaken', resolved_at = now(), resolved_by = 'syncline',
  reason = 'the record failed again later', overtaken_by = n.id
from dead_letters g, lateral (
  select o.id, o.payload, o.version, o.stored_at, o.failed_at, o.batch, o.slot
  from dead_letters o where o.stream_id = g.stream_id and o.source_id = g.source_id
    and o.status = 'pending' offset 0) n, lateral (
  select o.id, o.payload, o.version, o.stored_at, o.failed_at, o.batch, o.slot
  from dead_letters o where o.stream_id = g.stream_id and o.source_id = g.source_id
    and o.status = 'pending' offset 0) e
where g.id = any($1) and d.id = e.id and e.id <> n.id
  and (g.source_id <> '' and length(g.source_id) < 512 or e.payload is not distinct from n.payload)
  and case when e.version > 0 and n.version > 0 and e.version <> n.version
    then e.version < n.version
    else (e.stored_at, e.failed_at, e.batch, e.slot, e.id)
      < (n.stored_at, n.failed_at, n.batch, n.slot, n.id) end
"""
_BY_WRITE = """
update dead_letters d set status = 'overtaken', resolved_at = now(), resolved_by = 'syncline',
  reason = 'a later run wrote the record', overtaken_run = l.run_id
from ledger l
where d.id = any($1) and d.status = 'pending' and l.stream_id = d.stream_id
  and l.source_id = d.source_id and d.version > 0 and l.version >= d.version
"""
BY_ACKNOWLEDGED = """
update dead_letters d set status = 'overtaken', resolved_at = now(), resolved_by = 'syncline',
  reason = 'a later run wrote the record', overtaken_run = $3
from written w, lateral (
  select p.id from dead_letters p where p.stream_id = $1 and p.source_id = w.source_id
    and p.status = 'pending' and coalesce(p.version, 0) <= w.version offset 0) p
where d.id = p.id and d.status = 'pending'
  and exists (select from dead_letters o where o.stream_id = $1 and o.status = 'pending')
"""
"""Ends a statement that has the acknowledged writes as `written`: both hold, or neither."""


async def close_overtaken(connection: Connection, ids: Iterable[str]) -> None:
    """Close what is overtaken among entries that wait now, and those of the same records."""
    wanted = list(ids)
    if wanted:
        await connection.execute(_BY_WRITE, wanted)
        await connection.execute(_BY_NEWER, wanted)
