"""Taking dead letters up into a replay: each once, with what a person changed; audited."""

from __future__ import annotations

from syncline.domain.dead_letter.replay import AMBIGUOUS, INGEST
from syncline.domain.errors import ConflictError
from syncline.domain.trigger import TriggerRequest
from syncline.postgres.audit.log import audit_each
from syncline.postgres.configuration.streams import Stream
from syncline.postgres.database.database import Connection, Row

# Of a message that nobody could read there is no record; what Ingest gave up has no payload.
_TAKE = """
update dead_letters d set status = 'replayed', replay_run = $1, resolved_at = now(),
  resolved_by = $2, reason = $5, edit = case when $4::jsonb ? d.id::text then
    jsonb_build_object('patch', $4 -> d.id::text, 'author', $2::text, 'reason', $5::text) end
where d.id = any($3) and d.tenant = $6 and d.stream_id = $7 and d.status = 'pending'
  and (not $4 ? d.id::text or (d.payload is not null and d.stage <> $8))
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
_FIND = "select id, status, stream_id from dead_letters where id = any($1) and tenant = $2"
_SHOWN = 3


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
    return "has no payload that could be edited: replay it from ingest"
