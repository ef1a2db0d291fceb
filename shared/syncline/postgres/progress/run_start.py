"""The start of a run: it pins the cursor that it reads from in its row."""

from __future__ import annotations

from syncline.domain.run import Mode
from syncline.postgres.audit.log import audit
from syncline.postgres.cursors.cursors import clear_cursor, newest_cursor
from syncline.postgres.database.database import Connection, Row

_START = """
update runs set state = 'extracting', started_at = now(), cursor_version = $2, cursor_before = $3,
  handled_since = (select max(at) from cursors where stream_id = $4 and actor <> 'finalize'),
  first_load = not exists (select from ledger where stream_id = $4)
where id = $1
"""


async def start_run(connection: Connection, row: Row) -> None:
    """Store the cursor that a locked run starts from; Reset Cursor clears the cursor before."""
    plain = row["source_ids"] is None and row["replay"] is None
    run_id, tenant, actor, stream = row["id"], row["tenant"], row["actor"], row["stream_id"]
    version, value = await newest_cursor(connection, stream)
    if row["mode"] == Mode.RESET_CURSOR and plain and value is not None:
        version, value = version + 1, None
        await clear_cursor(connection, stream, version, tenant, run_id, actor)
        details = {"run": run_id, "version": version, "value": None}
        name = f"{row['instance_name']}/{row['entity_type']}"
        await audit(connection, tenant, actor, "cursor.reset", name, details)
    before = value if plain and row["mode"] == Mode.INCREMENTAL else None
    await connection.execute(_START, run_id, version, before, stream)
