"""The sources, newest runs and dead letters that a draft of a mapping is tried on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from syncline.domain.configuration.documents import Kind
from syncline.postgres.database.database import Repository
from syncline.postgres.database.near_names import no_stream, row_named
from syncline.postgres.database.rows import fetch_structs, struct_of

_STREAMS = """
select s.id, i.name as instance, p.id as profile_id, p.name as profile
from mappings m join streams s on s.mapping_id = m.id and not s.removed
join instances i on i.id = s.instance_id join profiles p on p.id = i.source_id
where m.tenant = $1 and m.name = $2 and m.deleted_at is null
  and ($3::text is null or i.name = $3) order by i.name
"""
_SOURCE = """
select i.source_id as profile_id, m.name as mapping from streams s
join instances i on i.id = s.instance_id join mappings m on m.id = s.mapping_id
where s.tenant = $1 and i.name = $2 and s.entity_type = $3 and not s.removed
"""
_RUNS = """
select id, total, coalesce(started_at, created_at) as since from runs
where stream_id = any($1) and total > 0 and replay is null order by created_at desc limit 20
"""
_ERASED = """
select e.source_id from streams s join erasures e on e.instance_id = s.instance_id
where s.id = any($1)
"""
_LETTERS = """
select id, source_id, stage, error, payload from (
  select *, sum(length(payload)) over (order by failed_at desc, id) as bytes from dead_letters
  where tenant = $1 and stream_id = any($2) and status = 'pending'
  order by failed_at desc, id limit $3
) newest where bytes is null or bytes <= $4 order by failed_at desc, id
"""


class DraftStream(msgspec.Struct, frozen=True):
    """A stream that a mapping is used by, with the profile that it reads."""

    id: int
    instance: str
    profile_id: str
    profile: str


class StreamSource(msgspec.Struct, frozen=True):
    """What a stream reads: the profile, and by which mapping."""

    profile_id: str
    mapping: str


class DraftRun(msgspec.Struct, frozen=True):
    """A run whose records may still lie on the raw topic."""

    id: str
    total: int
    since: datetime


class DraftDeadLetter(msgspec.Struct, frozen=True):
    """A pending dead letter; `payload` is the input of the stage that failed."""

    id: str
    source_id: str | None
    stage: str
    error: str
    payload: bytes | None


class Drafts(Repository):
    """What drafts of a tenant's mappings are tried on."""

    async def streams(self, tenant: str, mapping: str, instance: str | None) -> list[DraftStream]:
        """Return the streams that use a mapping, by instance. Raises NotFoundError."""
        rows = await self._database.fetch(_STREAMS, tenant, mapping, instance)
        if not rows:
            await row_named(self._database, Kind.MAPPING, tenant, mapping)
        return [struct_of(DraftStream, row) for row in rows]

    async def stream(self, tenant: str, instance: str, entity_type: str) -> StreamSource:
        """Return what a stream reads. Raises NotFoundError."""
        row = await self._database.fetchrow(_SOURCE, tenant, instance, entity_type)
        if row is None:
            raise await no_stream(self._database, tenant, instance, entity_type)
        return struct_of(StreamSource, row)

    async def profile_id(self, tenant: str, name: str) -> str:
        """Return the ID of a profile. Raises NotFoundError."""
        found: str = (await row_named(self._database, Kind.PROFILE, tenant, name))["id"]
        return found

    async def newest_runs(self, streams: Sequence[int]) -> list[DraftRun]:
        """Return the newest runs of streams that found records."""
        return await fetch_structs(self._database, DraftRun, _RUNS, list(streams))

    async def erased(self, streams: Sequence[int]) -> set[str]:
        """Return the source IDs of records of streams whose payloads a person had erased."""
        rows = await self._database.fetch(_ERASED, list(streams))
        return {row["source_id"] for row in rows}

    async def letters(
        self, tenant: str, streams: Sequence[int], limit: int, size: int
    ) -> list[DraftDeadLetter]:
        """Return the newest pending dead letters of streams, payloads of up to `size` bytes."""
        values = (tenant, list(streams), limit, size)
        return await fetch_structs(self._database, DraftDeadLetter, _LETTERS, *values)
