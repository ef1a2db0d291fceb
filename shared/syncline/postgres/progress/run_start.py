"""How a run begins: with the cursor it starts from, pinned in its row."""

from __future__ import annotations

from typing import Any

from syncline.domain.run import Mode
from syncline.postgres.audit.log import audit


async def begin_run(connection: Any, row: Any) -> None:  # noqa: ANN401
    """Pin the cursor the run starts from; Reset Cursor clears it first, as a new version.

    Args:
        row: of the run, locked, with `instance_name`.
    """
    plain = row["source_ids"] is None and row["replay"] is None
    cursor = await connection.fetchrow(
        "select version, value from cursors where stream_id = $1 order by version desc limit 1",
        row["stream_id"],
    )
    version, value = (cursor["version"], cursor["value"]) if cursor else (0, None)
    if row["mode"] == Mode.RESET_CURSOR and plain and value is not None:
        version, value = version + 1, None
        await connection.execute(
            """insert into cursors (stream_id, version, tenant, value, run_id, actor, reason)
            values ($1, $2, $3, null, $4, $5, 'reset_cursor')""",
            row["stream_id"],
            version,
            row["tenant"],
            row["id"],
            row["actor"],
        )
        details = {"run": str(row["id"]), "version": version, "value": None}
        name = f"{row['instance_name']}/{row['entity_type']}"
        await audit(connection, row["tenant"], row["actor"], "cursor.reset", name, details)
    await connection.execute(
        """update runs set state = 'extracting', started_at = now(), cursor_version = $2,
        cursor_before = $3, handled_since = (select max(at) from cursors
          where stream_id = $4 and actor <> 'finalize') where id = $1""",
        row["id"],
        version,
        value if plain and row["mode"] == Mode.INCREMENTAL else None,
        row["stream_id"],
    )
