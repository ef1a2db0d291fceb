"""The end of a run: its final state, and the cursor, in the transaction that closes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from syncline.domain.cursor.bookmark import CursorKind, lies_beyond
from syncline.domain.cursor.values import moved_cursor
from syncline.domain.mapping.extraction import CursorType
from syncline.domain.run import State, final_state
from syncline.domain.stall import STALLED
from syncline.postgres.dead_letters.overtakes import close_overtaken
from syncline.postgres.runs.run_row import counters_of

_DONE = """
select r.*, clock_timestamp() as now, v.document->'extraction'->>'cursorType' as cursor_type,
  v.document->'extraction'->>'cursorFormat' as cursor_format from runs r
join mapping_versions v on v.mapping_id = r.mapping_id and v.version = r.mapping_version
where r.id = any($1) and r.extracted and r.state in ('queued', 'extracting', 'in_progress')
  and r.total = r.success + r.unchanged + r.excluded + r.superseded + r.cancelled + r.failed
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


async def close_finished_runs(connection: Any, run_ids: Sequence[str]) -> None:  # noqa: ANN401
    """Close those of the (locked) runs that are extracted and have nothing in flight."""
    for row in await connection.fetch(_DONE, run_ids):
        state = final_state(
            counters_of(row),
            extraction_failed=row["failure"] is not None,
            cancelled=row["cancel_requested_at"] is not None,
            stalled=(row["reason"] or "").startswith(STALLED),
            halted=row["halted_at"] is not None,
        )
        cursor = await _move_cursor(connection, row, state)
        if row["replay"] is not None:
            given = await connection.fetch(_GIVE_BACK, row["id"])
            await close_overtaken(connection, [letter["id"] for letter in given])
        if (
            state is State.CANCELLED or row["halted_at"] is not None
        ):  # what it skipped at the cursor's value is still to be done
            await connection.execute("delete from tied_rows where stream_id = $1", row["stream_id"])
        await connection.execute(
            """update runs set state = $2, cursor_after = $3, finished_at = clock_timestamp(),
            reason = coalesce(reason, $4) where id = $1""",
            row["id"],
            str(state),
            cursor,
            _reason(row, state),
        )


def _reason(row: Any, state: State) -> str | None:  # noqa: ANN401
    if state is State.CANCELLED:
        return f"cancelled by {row['cancel_requested_by']}"
    if row["failure"] is not None:
        return str(row["failure"].get("message"))
    return None


async def _move_cursor(connection: Any, row: Any, state: State) -> str | None:  # noqa: ANN401
    """Move the stream's cursor, compare-and-set on the version the run started from."""
    if row["source_ids"] is not None or row["replay"] is not None:
        return None
    current = await connection.fetchrow(
        "select version, value from cursors where stream_id = $1 order by version desc limit 1",
        row["stream_id"],
    )
    version, before = (current["version"], current["value"]) if current else (0, None)
    kind = CursorKind(CursorType(row["cursor_type"] or "datetime"), row["cursor_format"] or None)
    value = moved_cursor(
        state=state,
        before=None if lies_beyond(before, row["now"], kind) else before,
        high_water=row["high_water"],
        read_to=row["read_to"],
        kind=kind.type,
        form=kind.form,
    )
    if value is None or version != row["cursor_version"]:
        return before  # a person set the cursor meanwhile: theirs stands
    try:
        async with connection.transaction():
            await connection.execute(
                """insert into cursors (stream_id, version, tenant, value, run_id, actor, reason)
                values ($1, $2, $3, $4, $5, 'finalize', 'run closed')""",
                row["stream_id"],
                version + 1,
                row["tenant"],
                value,
                row["id"],
            )
    except asyncpg.UniqueViolationError:  # a person set the cursor at this moment: theirs stands
        return before
    return value
