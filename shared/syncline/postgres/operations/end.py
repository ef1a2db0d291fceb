"""How an operation comes to its end; each in the transaction of the caller, who holds its row."""

from __future__ import annotations

from syncline.domain.dead_letter.operation import final_state
from syncline.postgres.database.database import Connection
from syncline.postgres.operations.catalog import count_items

_STOP = "update operations set stopped = coalesce(stopped, $2) where id = $1"
_START_NO_MORE = """
update operation_items set state = 'done', result = 'not_started', finished_at = now()
where operation_id = $1 and state = 'waiting'
"""
_IS_OPEN = """
select exists (select from operation_items where operation_id = $1 and state = 'waiting')
  or exists (select from operation_items where operation_id = $1 and state = 'asked')
"""
_STOPPED = "select stopped from operations where id = $1"
_CLOSE = """
update operations set state = $2, counts = $3, finished_at = now(), holder = null where id = $1
"""


async def stop_operation(connection: Connection, operation_id: str, why: str) -> None:
    """Let nothing begin any more. What waits stays as it is: Pending, or Discarded."""
    await connection.execute(_STOP, operation_id, why)
    await connection.execute(_START_NO_MORE, operation_id)


async def close_if_over(connection: Connection, operation_id: str) -> bool:
    """Close an operation none of whose items is open; tell whether it is closed."""
    if await connection.fetchval(_IS_OPEN, operation_id):
        return False
    counts = await count_items(connection, operation_id)
    stopped = await connection.fetchval(_STOPPED, operation_id)
    state = final_state(counts, stopped=stopped is not None)
    await connection.execute(_CLOSE, operation_id, str(state), counts)
    return True
