"""Target IDs as names of rows: which still mean what they did, and which two records have."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.contracts.run_ref import RunRef
from syncline.domain.run import Notice
from syncline.postgres.database.database import Database
from syncline.postgres.runs.run_row import add_notices

_ALIKE = """
select r.id from runs r join mapping_versions v
    on v.mapping_id = r.mapping_id and v.version = r.mapping_version
  join mapping_versions n on n.mapping_id = $2 and n.version = $3
where r.id = any($1) and r.target_id = $4
  and v.document #> '{transformation,matchKey}' = n.document #> '{transformation,matchKey}'
  and v.document #> '{transformation,target}' = n.document #> '{transformation,target}'
"""
# `offset 0` keeps it one look into the index of target IDs a record, and `+ 0` keeps it to that
# index: of a ledger without statistics all the stream's rows are else read for each record. A
# target ID that is its record's source ID is not in that index.
_SHARED = """
select u.source_id, other.source_id, u.target_id
from unnest($2::text[], $3::text[]) as u(source_id, target_id),
lateral (select l.source_id from ledger l where l.target_id = u.target_id
           and l.target_id <> l.source_id and l.stream_id + 0 = $1 and l.source_id <> u.source_id
         union all
         select l.source_id from ledger l where l.stream_id = $1 and l.source_id = u.target_id
           and l.target_id = u.target_id and l.source_id <> u.source_id offset 0) other
limit 20
"""


class RowNames:
    """Asks about target IDs that are match keys; every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def runs_alike(self, run: RunRef, run_ids: Sequence[str]) -> set[str]:
        """Return which runs wrote to the same table of the same target by the same match key."""
        version = (run.mapping, run.mapping_version)
        rows = await self._database.fetch(_ALIKE, run_ids, *version, run.target)
        return {row["id"] for row in rows}

    async def shared(
        self, stream: int, source_ids: Sequence[str], target_ids: Sequence[str]
    ) -> list[tuple[str, str, str]]:
        """Return some records whose row another one has as well: (source ID, the other, row)."""
        rows = await self._database.fetch(_SHARED, stream, source_ids, target_ids)
        return [(row[0], row[1], row[2]) for row in rows]

    async def add_notice(self, run: RunRef, notice: Notice) -> None:
        """Add a notice to the run."""
        await add_notices(self._database, run.id, [notice])
