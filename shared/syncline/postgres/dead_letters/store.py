"""Dead letters: stored once, their status changed by a person, taken up by replays; all audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from syncline.contracts.events import DeadLetter
from syncline.domain.dead_letter.fingerprint import fingerprint, of_record, pattern_of
from syncline.domain.dead_letter.operation import OperationKind
from syncline.domain.dead_letter.replay import AMBIGUOUS, INGEST, PoisonMessage, ReplayItem
from syncline.domain.errors import ConflictError
from syncline.domain.mapping.refusal import printable
from syncline.domain.record import MAX_SOURCE_ID_LENGTH, Value
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.audit.log import audit_each
from syncline.postgres.configuration.streams import Stream
from syncline.postgres.database.database import Connection, Repository, Row
from syncline.postgres.database.rows import hash_in, struct_of
from syncline.postgres.dead_letters.erasure import erase_late
from syncline.postgres.dead_letters.overtakes import close_overtaken

_INSERT = """
insert into dead_letters (id, tenant, run_id, batch, slot, stream_id, instance_id, entity_type,
  source_id, stage, category, code, error, field, detail, fingerprint, attempts, retries,
  mapping_version, payload, row_hash, version, failed_at, pattern, replay_of)
select $1::uuid, $2::text, $3::uuid, $4::int, $5::smallint, $6::int, $7::uuid, $8::text, $9::text,
  $10::text, $11::text, $12::text, $13::text, $14::text, $15::text, $16::text, $17::jsonb,
  $18::int + coalesce(max(o.retries) + 1, 0), $19::int, $20::bytea, $21::uuid, $22::bigint,
  $23::timestamptz, $24::text, (array_agg(o.id))[1]
from (select id, retries from dead_letters
      where replay_run = $3::uuid and source_id = $9::text limit 1) o
on conflict (id) do nothing
"""
# A record that failed is never skipped next time, so the ledger forgets what it would equal.
_FORGET = """
update ledger l set payload_hash = null, row_hash = null
from unnest($1::int[], $2::text[]) as u(stream_id, source_id)
where l.stream_id = u.stream_id and l.source_id = u.source_id
returning l.stream_id, l.source_id, l.target_id
"""
_INSERT_POISON = """
insert into dead_letters (id, tenant, stage, category, code, error, detail, pattern, fingerprint,
  attempts, retries, payload, failed_at)
values ($1, '*', $2, 'permanent', 'undecodable', $3, $4, $5, $6, '[]', 0, $7, $8)
on conflict (id) do nothing
"""
_REPLAYED_BY = """
select id, source_id, stage, octet_length(payload) as size, row_hash,
  coalesce(version, 0) as version
from dead_letters where replay_run = $1 and tenant = $2 order by failed_at, id
"""
_PAYLOADS = """
select id, payload from dead_letters
where id = any($1) and tenant = $2 and payload is not null
"""
_RESOLVE = """
update dead_letters set status = $4, reason = $6,
  resolved_at = case when $4 <> 'pending' then now() end,
  resolved_by = case when $4 <> 'pending' then $5 end
where tenant in ($1, '*') and id = any($2) and status = $3 returning id
"""
_MATCH_KEYS = """
select v.mapping_id, v.version, v.document->'transformation'->'matchKey' as key
from mapping_versions v join unnest($1::uuid[], $2::int[]) as w(id, version)
  on w.id = v.mapping_id and w.version = v.version
"""
# Of a message that nobody could read there is no record; what Ingest gave up has no payload.
_TAKE = """
update dead_letters d set status = 'replayed', replay_run = $1, resolved_at = now(),
  resolved_by = $2, reason = $5, edit = case when $4::jsonb ? d.id::text then
    jsonb_build_object('patch', $4 -> d.id::text, 'author', $2::text, 'reason', $5::text) end
where d.id = any($3) and d.tenant = $6 and d.stream_id = $7 and d.status = 'pending'
  and d.erased_at is null and (not $4 ? d.id::text or (d.payload is not null and d.stage <> $8))
returning d.id
"""
# A person has looked at the target: what may have been written is sent again, when the lost call
# has surely ended: `intent_until` stays.
_SEND_AGAIN = """
update ledger l set intent_hash = null, intent_run = null, intent_owner = null,
  intent_creates = null, payload_hash = null, row_hash = null
from dead_letters d where d.id = any($1) and d.code = $2
  and l.stream_id = d.stream_id and l.source_id = d.source_id
"""
_FIND = (
    "select id, status, stream_id, erased_at from dead_letters where id = any($1) and tenant = $2"
)
_SHOWN = 3


class DeadLetterStore(Repository):
    """Every method may raise RetriableError."""

    async def store(self, letters: Sequence[DeadLetter]) -> None:
        """Store dead letters; one that is there already stays as it is."""
        async with self._database.transaction() as connection:
            await store_dead_letters(connection, letters)

    async def store_poison(self, messages: Sequence[PoisonMessage]) -> None:
        """Store undecodable messages; one that is there already stays as it is."""
        now = datetime.now(UTC)  # noqa: TID251 - when it was stored; nothing is decided by it
        async with self._database.transaction() as connection:
            rows = [_poison_row(message, now) for message in messages]
            await connection.executemany(_INSERT_POISON, rows)

    async def replayed_by(self, tenant: str, run_id: str) -> list[ReplayItem]:
        """Return the entries a replay run took, oldest first."""
        rows = await self._database.fetch(_REPLAYED_BY, run_id, tenant)
        return [struct_of(ReplayItem, row, row_hash=hash_in(row["row_hash"])) for row in rows]

    async def payloads(self, tenant: str, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the payloads of dead letters by ID, without those that are gone."""
        rows = await self._database.fetch(_PAYLOADS, list(ids), tenant)
        return {row["id"]: row["payload"] for row in rows}


async def resolve_dead_letters(
    connection: Connection,
    tenant: str,
    ids: Sequence[str],
    kind: OperationKind,
    actor: str,
    reason: str | None,
) -> set[str]:
    """Discard or restore entries that have the status which this needs; return their IDs."""
    rows = await connection.fetch(
        _RESOLVE, tenant, list(ids), kind.takes, kind.gives, actor, reason
    )
    changed = [row["id"] for row in rows]
    details = {letter_id: {"reason": reason} for letter_id in changed}
    await audit_each(connection, tenant, actor, f"dlq.{kind.past}", details)
    if kind is OperationKind.RESTORE:
        await close_overtaken(connection, changed)
    return set(changed)


async def store_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Store dead letters in the caller's transaction; older ones of their records are overtaken."""
    pairs = sorted({(letter.stream, letter.source_id) for letter in letters})
    rows = await connection.fetch(_FORGET, [p[0] for p in pairs], [p[1] for p in pairs])
    targets = {(row["stream_id"], row["source_id"]): row["target_id"] for row in rows}
    versions = {(letter.mapping, letter.mapping_version) for letter in letters}
    rows = await connection.fetch(_MATCH_KEYS, [m for m, _ in versions], [v for _, v in versions])
    keys = {(row["mapping_id"], row["version"]): row["key"] for row in rows}
    new = []
    for letter in letters:
        key = keys.get((letter.mapping, letter.mapping_version))
        target = targets.get((letter.stream, letter.source_id))
        known = of_record(letter.source_id, bytes(letter.payload), key, target)
        new.append(_row(letter, pattern_of(letter.failure.message, known)))
    await connection.executemany(_INSERT, new)
    stored = [letter.id for letter in letters]
    await erase_late(connection, stored)
    await close_overtaken(connection, stored)


def _row(letter: DeadLetter, pattern: str) -> tuple[object, ...]:
    failure = letter.failure
    return (
        letter.id,
        letter.tenant,
        letter.correlation_id,
        letter.batch,
        letter.slot,
        letter.stream,
        letter.instance_id,
        _storable(letter.entity_type),
        _storable(letter.source_id)[:MAX_SOURCE_ID_LENGTH],
        letter.stage,
        str(failure.category),
        _storable(failure.code),
        _storable(failure.message),
        _storable(failure.field),
        _storable(failure.detail),
        fingerprint(letter.stage, failure.code, pattern, failure.field),
        _storable(msgspec.to_builtins(letter.attempts)),
        max(len(letter.attempts) - 1, 0),
        letter.mapping_version,
        bytes(letter.payload),
        letter.row_hash or None,
        letter.version,
        datetime.fromisoformat(letter.failed_at),
        _storable(pattern),
    )


def _poison_row(message: PoisonMessage, now: datetime) -> tuple[object, ...]:
    pattern = pattern_of(message.error)
    where = f"topic {message.topic}, partition {message.partition}, offset {message.offset}"
    texts = (message.stage, message.error, where, pattern)
    mark = fingerprint(message.stage, "undecodable", pattern, None)
    return (message.id, *map(_storable, texts), mark, message.payload, now)


def _storable(value: Value) -> Value:
    """Return somebody else's words as PostgreSQL takes them."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {name: _storable(each) for name, each in value.items()}
    return value


async def take_dead_letters(
    connection: Connection, request: TriggerRequest, stream: Stream, run_id: str
) -> None:
    """Mark a request's entries Replayed; whoever comes first gets them: two clicks replay once.

    Raises ConflictError: some are not Pending, belong to another stream, or cannot be edited.
    """
    replay, tenant, actor = request.replay, request.tenant, request.actor
    if replay is None:
        return
    entries, edits, reason = list(replay.entries), replay.edits, replay.reason
    taken = await connection.fetch(
        _TAKE, run_id, actor, entries, edits, reason, tenant, stream.id, INGEST
    )
    missing = set(entries) - {row["id"] for row in taken}
    if missing:
        shown = sorted(missing)[:_SHOWN]
        found = {row["id"]: row for row in await connection.fetch(_FIND, shown, tenant)}
        why = "; ".join(f"{entry} {_reason(found.get(entry), stream)}" for entry in shown)
        raise ConflictError(f"{len(missing)} of {len(entries)} entries cannot be replayed: {why}")
    await connection.execute(_SEND_AGAIN, entries, AMBIGUOUS)
    details = {"run": run_id, "fromStage": replay.from_stage, "reason": reason}
    changed = {entry: details | {"edited": entry in edits} for entry in entries}
    await audit_each(connection, tenant, actor, "dlq.replayed", changed)


def _reason(row: Row | None, stream: Stream) -> str:
    if row is None:
        return "does not exist"
    if row["status"] != "pending":
        return f"is not Pending but {row['status'].title()}"
    if row["stream_id"] != stream.id:
        return f"is not of {stream.instance_name} {stream.entity_type}"
    if row["erased_at"] is not None:
        return "was erased"
    return "has no payload that could be edited: replay it from ingest"
