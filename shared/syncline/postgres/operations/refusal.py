"""Items of an operation to which nothing can be done, each with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.domain.dead_letter.operation import OVERTAKEN
from syncline.postgres.database.database import Connection, Row

_REFUSE = """
update operation_items i set state = 'done', result = u.result, finished_at = now(), note = u.note
from unnest($2::int[], $3::text[], $4::text[]) as u(number, note, result)
where i.operation_id = $1 and i.number = u.number and i.state <> 'done'
"""


async def refuse_items(
    connection: Connection, operation_id: str, items: Sequence[Row], needed: str = "pending"
) -> None:
    """Note why nothing can be done to items: their entries have another status, or are gone.

    What was overtaken needs nothing any more.
    """
    numbers = [item["number"] for item in items]
    notes = [_why(item, needed) for item in items]
    results = [OVERTAKEN if item["status"] == OVERTAKEN else "refused" for item in items]
    await connection.execute(_REFUSE, operation_id, numbers, notes, results)


def _why(item: Row, needed: str) -> str:
    status = item["status"]
    if status is None:
        return "there is no such entry any more"
    if status == OVERTAKEN:
        return str(item["reason"])
    return f"it is not {needed.title()} but {status.title()}"
