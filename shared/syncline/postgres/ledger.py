"""The write ledger: what was last acknowledged for a record, and what may have been written.

Smart sync reads it, early by source row and exactly by payload; only Execute writes it, after the
target acknowledged. Spec section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from syncline.contracts.messages import RunRef
from syncline.domain.ledger import Entry, Written
from syncline.postgres.database import Database
from syncline.postgres.overtaking import BY_ACKNOWLEDGED

# `offset 0` keeps it one look into the index a record: joined, the whole ledger may be read.
_UNCHANGED = """
select w.place from unnest($2::text[], $3::uuid[]) with ordinality as w(source_id, hash, place),
lateral (select l.row_hash from ledger l where l.stream_id = $1 and l.source_id = w.source_id
         and l.intent_hash is null offset 0) known
where known.row_hash = w.hash
"""

_ACKNOWLEDGE = f"""
with written as (insert into ledger
  (stream_id, source_id, tenant, payload_hash, row_hash, target_id, run_id, version, written_at)
select $1, u.source_id, $2, u.payload_hash, u.row_hash, u.target_id, $3, u.version, now()
from unnest($4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::bigint[])
  as u(source_id, payload_hash, row_hash, target_id, version)
on conflict (stream_id, source_id) do update set payload_hash = excluded.payload_hash,
  row_hash = excluded.row_hash, target_id = coalesce(excluded.target_id, ledger.target_id),
  run_id = excluded.run_id, version = excluded.version, written_at = excluded.written_at,
  intent_hash = null, intent_run = null
where ledger.version is null or ledger.version <= excluded.version
returning source_id, version)
{BY_ACKNOWLEDGED}"""

_INTEND = """
insert into ledger (stream_id, source_id, tenant, intent_hash, intent_run)
select $1, u.source_id, $2, u.hash, $3 from unnest($4::text[], $5::uuid[]) as u(source_id, hash)
on conflict (stream_id, source_id) do update
  set intent_hash = excluded.intent_hash, intent_run = excluded.intent_run
"""


class Ledger:
    """Reads and writes of the ledger, a batch at a time; every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_empty(self, stream: int) -> bool:
        """Tell whether nothing was ever written for a stream, so that nothing can be unchanged."""
        return not await self._database.fetchval(
            "select exists (select from ledger where stream_id = $1)", stream
        )

    async def unchanged(
        self, stream: int, source_ids: Sequence[str], row_hashes: Sequence[str | None]
    ) -> set[int]:
        """Return the positions whose source row is behind the last acknowledged write."""
        rows = await self._database.fetch(_UNCHANGED, stream, source_ids, row_hashes)
        return {row[0] - 1 for row in rows}

    async def entries(self, stream: int, source_ids: Sequence[str]) -> dict[str, Entry]:
        """Return what is known of these records, by source ID."""
        rows = await self._database.fetch(
            """select source_id, payload_hash, row_hash, target_id, run_id, version, intent_hash
            from ledger where stream_id = $1 and source_id = any($2)""",
            stream,
            source_ids,
        )
        return {
            row[0]: Entry(
                _hex(row[1]), _hex(row[2]), row[3], str(row[4]) if row[4] else None, row[5] or 0,
                _hex(row[6]),
            )
            for row in rows
        }  # fmt: skip

    async def intend(self, run: RunRef, source_ids: Sequence[str], hashes: Sequence[str]) -> None:
        """Commit that these payloads are about to be sent, before they are."""
        await self._database.execute(
            _INTEND, run.stream, run.tenant, UUID(run.id), list(source_ids), list(hashes)
        )

    async def acknowledge(self, run: RunRef, written: Written) -> None:
        """Store what the target acknowledged; a newer version of a record is left alone.

        Dead letters of older versions that wait are overtaken by it.
        """
        await self._database.execute(
            _ACKNOWLEDGE,
            run.stream,
            run.tenant,
            UUID(run.id),
            written.source_ids,
            written.payload_hashes,
            written.row_hashes,
            written.target_ids,
            written.versions,
        )

    async def withdraw(self, stream: int, source_ids: Sequence[str]) -> None:
        """Forget intents of writes that the target surely did not apply."""
        if source_ids:
            await self._database.execute(
                """update ledger set intent_hash = null, intent_run = null
                where stream_id = $1 and source_id = any($2)""",
                stream,
                list(source_ids),
            )

    async def doubt(self, stream: int, source_ids: Sequence[str]) -> None:
        """Forget what the target held of records whose last write may have been applied."""
        if source_ids:
            await self._database.execute(
                """update ledger set payload_hash = null, row_hash = null
                where stream_id = $1 and source_id = any($2)""",
                stream,
                list(source_ids),
            )

    async def refresh(
        self, stream: int, source_ids: Sequence[str], row_hashes: Sequence[str]
    ) -> None:
        """Note newer source rows that lead to the payload which was acknowledged already."""
        await self._database.execute(
            """update ledger l set row_hash = u.hash
            from unnest($2::text[], $3::uuid[]) as u(source_id, hash)
            where l.stream_id = $1 and l.source_id = u.source_id""",
            stream,
            list(source_ids),
            list(row_hashes),
        )


def _hex(value: UUID | None) -> str | None:
    return None if value is None else value.hex
