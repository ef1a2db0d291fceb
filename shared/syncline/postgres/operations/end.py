"""How an operation comes to its end; each in the transaction of the caller, who holds its row."""

from __future__ import annotations

from typing import Any

from syncline.domain.dead_letter.operation import final_state
from syncline.postgres.operations.catalog import count_items


async def stop_operation(connection: Any, operation_id: str, why: str) -> None:  # noqa: ANN401
    """Let nothing begin any more. What waits stays as it is: Pending, or Discarded."""
    await connection.execute(
        "update operations set stopped = coalesce(stopped, $2) where id = $1", operation_id, why
    )
    await connection.execute(
        """update operation_items set state = 'done', result = 'not_started', finished_at = now()
        where operation_id = $1 and state = 'waiting'""",
        operation_id,
    )


async def close_if_over(connection: Any, operation_id: str) -> bool:  # noqa: ANN401
    """Close an operation none of whose items is open; tell whether it is closed."""
    is_open = await connection.fetchval(
        """select exists (select from operation_items where operation_id = $1 and state = 'waiting')
        or exists (select from operation_items where operation_id = $1 and state = 'asked')""",
        operation_id,
    )
    if is_open:
        return False
    counts = await count_items(connection, operation_id)
    stopped = await connection.fetchval(
        "select stopped from operations where id = $1", operation_id
    )
    await connection.execute(
        """update operations set state = $2, counts = $3, finished_at = now(), holder = null
        where id = $1""",
        operation_id,
        str(final_state(counts, stopped=stopped is not None)),
        counts,
    )
    return True
