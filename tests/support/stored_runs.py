"""Runs that there are in the database, for messages that name them."""

from __future__ import annotations

from collections.abc import Collection

from syncline.postgres.database.database import Database

_RUNS = """
insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id, mapping_id,
  mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, state, finished_at)
select w.id, 'default', s.id, i.id, 'item', i.source_id, i.target_id, s.mapping_id, 1,
  'incremental', 'test', 'test', 100, 1, w.id, 'succeeded', now()
from (select * from streams order by id limit 1) s join instances i on i.id = s.instance_id,
  unnest($1::uuid[]) as w(id)
"""


async def store_runs(database: Database, run_ids: Collection[str]) -> None:
    """Store ended runs with these IDs, of the first stream that is configured."""
    await database.execute(_RUNS, list(run_ids))
