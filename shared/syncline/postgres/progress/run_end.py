"""The end of a run: its final state, and the cursor, in the transaction that closes it."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from syncline.domain.cursor.bookmark import lies_beyond
from syncline.domain.cursor.values import moved_cursor
from syncline.domain.run import STALLED, Counters, State, final_state
from syncline.postgres.cursors.cursors import (
    NewCursor,
    add_cursor,
    cursor_format_of,
    newest_cursor,
)
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.dead_letters.overtakes import close_overtaken
from syncline.postgres.runs.run_row import IN_FLIGHT

_DONE = f"""
select r.*, clock_timestamp() as now, v.document->'extraction'->>'cursorType' as cursor_type,
  v.document->'extraction'->>'cursorFormat' as cursor_format from runs r
join mapping_versions v on v.mapping_id = r.mapping_id and v.version = r.mapping_version
where r.id = any($1) and r.extracted and r.state in ('queued', 'extracting', 'in_progress')
  and {IN_FLIGHT} = 0
"""
# What a replay did not get to waits for a person again.
_GIVE_BACK = """
update dead_letters l set status = 'pending', replay_run = null, resolved_at = null,
  resolved_by = null
where l.replay_run = $1 and l.status = 'replayed' and not exists (
  select from batches b, unnest(b.source_ids, string_to_array(b.outcomes, null)) as o(id, code)
  where b.run_id = $1 and o.id = l.source_id and o.code <> 'C')
returning l.id
"""
_FORGET_TIED = "delete from tied_rows where stream_id = $1"
_CLOSE = """
update runs set state = $2, cursor_after = $3, finished_at = clock_timestamp(),
  reason = coalesce(reason, $4), paused_at = null, paused_by = null, needs_attention = null
where id = $1
"""


async def close_finished_runs(connection: Connection, run_ids: Sequence[str]) -> list[str]:
    """Close those of the (locked) runs that are extracted and have nothing in flight.

    Returns:
        Those of them in which records failed.
    """
    with_failures = []
    for row in await connection.fetch(_DONE, run_ids):
        halted = row["halted_at"] is not None
        state = final_state(
            struct_of(Counters, row),
            extraction_failed=row["failure"] is not None,
            cancelled=row["cancel_requested_at"] is not None,
            stalled=(row["reason"] or "").startswith(STALLED),
            halted=halted,
        )
        cursor = await _move_cursor(connection, row, state)
        if row["replay"] is not None:
            given = await connection.fetch(_GIVE_BACK, row["id"])
            await close_overtaken(connection, [dead_letter["id"] for dead_letter in given])
        if state is State.CANCELLED or halted:
            # What it skipped at the cursor's value is still to be done.
            await connection.execute(_FORGET_TIED, row["stream_id"])
        await connection.execute(_CLOSE, row["id"], str(state), cursor, _reason(row, state))
        if row["failed"]:
            with_failures.append(row["id"])
    return with_failures


def _reason(row: Row, state: State) -> str | None:
    if state is State.CANCELLED:
        return f"cancelled by {row['cancel_requested_by']}"
    if row["failure"] is not None:
        return str(row["failure"].get("message"))
    return None


async def _move_cursor(connection: Connection, row: Row, state: State) -> str | None:
    """Move the stream's cursor, compare-and-set on the version the run started from."""
    if row["source_ids"] is not None or row["replay"] is not None:
        return None
    version, before = await newest_cursor(connection, row["stream_id"])
    form = cursor_format_of(row)
    value = moved_cursor(
        state=state,
        before=None if lies_beyond(before, row["now"], form) else before,
        high_water=row["high_water"],
        read_to=row["read_to"],
        form=form,
    )
    if value is None or version != row["cursor_version"]:
        return before  # a person set the cursor meanwhile: theirs stands
    stream, why = (row["stream_id"], row["tenant"]), "run closed"
    new = NewCursor(*stream, value, "finalize", why, version + 1, row["id"])
    try:
        async with connection.transaction():
            await add_cursor(connection, new)
    except asyncpg.UniqueViolationError:  # a person set the cursor at this moment: theirs stands
        return before
    return value
