"""The write ledger: what was last acknowledged for a record, and what may have been written.

Smart sync reads it, early by source row (`known_rows`) and exactly by payload; only Execute writes
it, after the target acknowledged. Spec section 4.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import cast

import asyncpg

from syncline.contracts.run_ref import RunRef
from syncline.domain.ledger import Acknowledgements, Intent, LedgerEntry, WriteIntents
from syncline.postgres.database.database import Database, Row
from syncline.postgres.dead_letters.overtakes import BY_ACKNOWLEDGED

_OWN = "ledger.intent_owner is not distinct from excluded.intent_owner"
_KEPT = ("intent_hash", "intent_run", "intent_owner", "intent_until", "intent_creates")
_SETTLED = ", ".join(f"{n} = case when {_OWN} then null else ledger.{n} end" for n in _KEPT)
# The intent of another call stays: it is about a later write. What each record has of its own
# travels as text: the codec of IDs (docs/decisions/0039) would be called for every one of them.
# Whole lists are one text: the driver looks at each element of a list three times.
_ACKNOWLEDGE = f"""
with written as (insert into ledger (stream_id, source_id, tenant, payload_hash, row_hash,
  target_id, run_id, version, written_at, intent_owner)
select $1, u.source_id, $2, u.payload_hash, u.row_hash, u.target_id, $3, u.version, now(), u.owner
from unnest($4::text::text[], string_to_array($5, ',')::uuid[],
    string_to_array($6, ',', '')::uuid[], $7::text::text[], string_to_array($8, ',')::bigint[],
    $9::text[]::uuid[])
  as u(source_id, payload_hash, row_hash, target_id, version, owner)
on conflict (stream_id, source_id) do update set payload_hash = excluded.payload_hash,
  row_hash = excluded.row_hash, target_id = coalesce(excluded.target_id, ledger.target_id),
  run_id = excluded.run_id, version = excluded.version, written_at = excluded.written_at,
  {_SETTLED}
where ledger.version is null or ledger.version <= excluded.version
returning source_id, version)
{BY_ACKNOWLEDGED}"""

_COPIED_COLUMNS = ("source_id", "payload_hash", "row_hash", "target_id", "version")
_SAME_COLUMNS = ("stream_id", "tenant", "run_id", "written_at")
_COPIED = 500
"""Records from which on COPY costs less than an upsert."""
_NULL = "\\N"
_WAITING = "select exists (select from dead_letters where stream_id = $1 and status = 'pending')"
_OVERTAKE = f"""
with written as (select source_id, version from ledger
  where stream_id = $1 and source_id = any($2) and run_id = $3)
{BY_ACKNOWLEDGED}"""

# Nobody begins a write while another's may still have its effect, nor one that was decided on what
# is not so any more: the write or the intent that was seen is not the last one. An intent that is
# replaced was lost, and the new one may be withdrawn: what the target holds is not known any more.
_INTEND = """
with begun as (
  select * from unnest($6::text[], $7::text[]::uuid[], $8::bigint[], $9::bool[],
      $10::text[]::uuid[])
    as u(source_id, hash, version, creates, seen)),
taken as (
  update ledger l set
    payload_hash = case when l.intent_owner is null then l.payload_hash end,
    row_hash = case when l.intent_owner is null then l.row_hash end,
    intent_hash = b.hash, intent_run = $3, intent_owner = $4, intent_creates = b.creates,
    intent_until = clock_timestamp() + make_interval(secs => $5)
  from begun b
  where l.stream_id = $1 and l.source_id = b.source_id and coalesce(l.version, 0) = b.version
    and l.intent_owner is not distinct from b.seen
    and coalesce(l.intent_until <= clock_timestamp(), true)
  returning l.source_id),
added as (
  insert into ledger (stream_id, source_id, tenant, intent_hash, intent_run, intent_owner,
    intent_until, intent_creates)
  select $1, b.source_id, $2, b.hash, $3, $4,
    clock_timestamp() + make_interval(secs => $5), b.creates
  from begun b where b.version = 0 and b.seen is null
  on conflict do nothing
  returning source_id)
select source_id from taken union all select source_id from added
"""
_ENTRIES = """
select source_id, encode(uuid_send(payload_hash), 'hex'), encode(uuid_send(row_hash), 'hex'),
  target_id, run_id::text, coalesce(version, 0), encode(uuid_send(intent_hash), 'hex'),
  intent_owner::text, coalesce(intent_creates, false),
  greatest(extract(epoch from intent_until - clock_timestamp()), 0)::float8
from ledger where stream_id = $1 and source_id = any($2::text::text[])
"""
_RENEW = """
update ledger set intent_until = clock_timestamp() + make_interval(secs => $4)
where stream_id = $1 and source_id = any($2) and intent_owner = $3
  and intent_until > clock_timestamp()
returning source_id
"""
_WITHDRAW = """
update ledger set intent_hash = null, intent_run = null, intent_owner = null,
  intent_until = null, intent_creates = null
where stream_id = $1 and source_id = any($2) and intent_owner = $3
"""
_DOUBT = """
update ledger set payload_hash = null, row_hash = null,
  intent_until = case when intent_owner = $3 and $4::float8 is not null
    then clock_timestamp() + make_interval(secs => $4) else intent_until end
where stream_id = $1 and source_id = any($2) and ($3::uuid is null or intent_owner = $3)
"""
_REFRESH = """
update ledger l set row_hash = u.hash
from unnest($2::text[], $3::text[]::uuid[]) as u(source_id, hash)
where l.stream_id = $1 and l.source_id = u.source_id
"""


class Ledger:
    """Reads and writes of the ledger, a batch at a time; every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._may_copy = True

    async def entries(self, stream: int, source_ids: Sequence[str]) -> dict[str, LedgerEntry]:
        """Return what is known of these records, by source ID."""
        rows = await self._database.fetch(_ENTRIES, stream, _array(source_ids))
        runs: dict[str | None, str | None] = {}  # few wrote many: each ID is kept once
        return {row[0]: _entry(row, runs) for row in rows}

    async def intend(self, run: RunRef, begun: WriteIntents, seconds: float) -> set[str]:
        """Commit that payloads are about to be sent, before they are.

        Args:
            seconds: for which the call may have its effect; `renew` it if it takes longer.

        Returns:
            The source IDs that may be sent; another call has the others in hand.
        """
        call = (run.stream, run.tenant, run.id, begun.owner, seconds)
        decided = (begun.versions, begun.creates, begun.seen)
        records = (begun.source_ids, begun.payload_hashes, *decided)
        return {row[0] for row in await self._database.fetch(_INTEND, *call, *records)}

    async def renew(
        self, stream: int, source_ids: Sequence[str], owner: str, seconds: float
    ) -> set[str]:
        """Say that a call is still under way, and for how long it may have its effect from now.

        Returns:
            The source IDs that it has in hand; the others are lost, as the time had run out.
        """
        rows = await self._database.fetch(_RENEW, stream, source_ids, owner, seconds)
        return {row[0] for row in rows}

    async def acknowledge(self, run: RunRef, written: Acknowledgements) -> None:
        """Store what the target acknowledged; a newer version of a record is left alone.

        Dead letters of older versions that wait are overtaken by it.
        """
        if self._may_copy and written.new and len(written.source_ids) >= _COPIED:
            text = _copy_text(run, written)
            try:
                if text is not None and not any(written.owners):
                    await self._copy(run, written.source_ids, text)
                    return
            except asyncpg.UniqueViolationError:
                pass  # another process was first
            except asyncpg.FeatureNotSupportedError:  # for us row-level security is on
                self._may_copy = False
        await self._database.execute(
            _ACKNOWLEDGE,
            run.stream,
            run.tenant,
            run.id,
            _array(written.source_ids),
            ",".join(written.payload_hashes),
            ",".join([row_hash or "" for row_hash in written.row_hashes]),
            _array(written.target_ids),
            ",".join(map(str, written.versions)),
            written.owners,
        )

    async def _copy(self, run: RunRef, source_ids: Sequence[str], text: str) -> None:
        """Store acknowledgements of records that the ledger does not know.

        Raises asyncpg.UniqueViolationError where it does; then nothing is stored.
        """

        async def chunks() -> AsyncIterator[bytes]:
            yield text.encode()

        async with self._database.transaction() as connection:
            await connection.copy_to_table(
                "ledger",
                source=chunks(),
                columns=[*_COPIED_COLUMNS, *_SAME_COLUMNS],
                format="text",
                null=_NULL,
            )
            if await connection.fetchval(_WAITING, run.stream):
                await connection.execute(_OVERTAKE, run.stream, source_ids, run.id)

    async def withdraw(self, stream: int, source_ids: Sequence[str], owner: str) -> None:
        """Forget a call's intents of writes that the target surely did not apply."""
        if source_ids:
            await self._database.execute(_WITHDRAW, stream, source_ids, owner)

    async def doubt(
        self, stream: int, source_ids: Sequence[str], owner: str | None, seconds: float | None
    ) -> None:
        """Forget what the target held of records whose last write may have been applied.

        Args:
            owner: the call, whose intents alone count: what others took over from it they have
                looked into. None: a call without intents, which may hit what others wrote since.
            seconds: after which the call's intents may be looked into; None: as they say.
        """
        if source_ids:
            await self._database.execute(_DOUBT, stream, source_ids, owner, seconds)

    async def refresh(
        self, stream: int, source_ids: Sequence[str], row_hashes: Sequence[str]
    ) -> None:
        """Note newer source rows that lead to the payload which was acknowledged already."""
        await self._database.execute(_REFRESH, stream, source_ids, row_hashes)


def _array(texts: Sequence[str | None]) -> str:
    """Write texts as an array is written in SQL."""
    if None not in texts:
        plain = '","'.join(cast(Sequence[str], texts))
        if "\\" not in plain and plain.count('"') == 2 * len(texts) - 2:
            return f'{{"{plain}"}}'
    return f"{{{','.join(map(_element, texts))}}}"


def _element(text: str | None) -> str:
    if text is None:
        return "null"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _copy_text(run: RunRef, written: Acknowledgements) -> str | None:
    """Return ledger rows in COPY's text format; None where a value had to be escaped."""
    own = (
        written.source_ids,
        written.payload_hashes,
        [row_hash or _NULL for row_hash in written.row_hashes],
        [_NULL if target_id is None else target_id for target_id in written.target_ids],
        map(str, written.versions),
    )
    end = f"\t{run.stream}\t{run.tenant}\t{run.id}\tnow\n"
    text = end.join(map("\t".join, zip(*own, strict=True))) + end
    size = len(written.source_ids)
    nulls = len([h for h in written.row_hashes if not h]) + written.target_ids.count(None)
    separators = len(own) + len(_SAME_COLUMNS) - 1
    is_right = (
        text.count("\t") == size * separators
        and text.count("\n") == size
        and text.count("\\") == nulls
        and "\r" not in text
    )
    return text if is_right else None


def _entry(row: Row, runs: dict[str | None, str | None]) -> LedgerEntry:
    _, payload, row_hash, target_id, run_id, version, begun, owner, creates, left = row
    intent = Intent(begun, owner, creates, left or 0.0) if begun else None
    run_id = runs.setdefault(run_id, run_id)
    return LedgerEntry(payload, row_hash, target_id, run_id, version, intent)
