"""Operations and their items as people see them; progress is counted from the rows of items."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.record import JsonObject
from syncline.postgres.database.database import Connection, Queryable, Row
from syncline.postgres.database.rows import row_of, struct_of

SELECT = """
select *, (select id from operations u where u.undo_of = o.id limit 1) as undone_by,
  coalesce(counts, (select jsonb_object_agg(what, n) from (
    select coalesce(result, state) as what, count(*) as n from operation_items i
    where i.operation_id = o.id group by 1) c), '{}') as tally
from operations o
"""
_BY_ID = f"{SELECT} where id = $1 and tenant = $2"
_COUNT_ITEMS = """
select coalesce(result, state) as what, count(*) as n from operation_items
where operation_id = $1 group by 1 order by 1
"""


TROUBLE = ("failed", "refused")
_REST = 1_000_000_000
PLACE = f"i.number + case when i.result in {TROUBLE} then 0 else {_REST} end"
"""By what items are listed: `OperationItem.place` in SQL."""


class OperationView(msgspec.Struct, frozen=True, rename="camel"):
    """An operation.

    Attributes:
        selection: in words; `filter` says the same, `as_of` until when.
        rate: entries a second, None is as fast as runs go.
        stopped: why it ends before its end.
        waiting, under_way: items that have not started, that are with a run.
        results: items that are over, by result.
        undo_of, undone_by: operations.
    """

    id: str
    kind: str
    state: str
    selection: str
    filter: JsonObject
    as_of: datetime
    total: int
    waiting: int
    under_way: int
    results: dict[str, int]
    reason: str | None
    from_stage: str
    rate: float | None
    stop_on_repeat: bool
    stop_after: int | None
    stopped: str | None
    actor: str
    created_at: datetime
    starts_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    undo_of: str | None
    undone_by: str | None


class OperationItem(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of an operation.

    Attributes:
        state: waiting, asked (a run has it) or done.
        result: its record's outcome, `discarded`, `restored`, `overtaken` (it closed by
            itself before its turn), `refused` or `not_started`.
        note: why, if that is not plain.
        correlation_id: the run that replays it.
        again_id: the entry as which it failed again.
    """

    number: int
    entry: str
    source_id: str | None
    state: str
    result: str | None
    note: str | None
    correlation_id: str | None
    again_id: str | None
    finished_at: datetime | None

    @property
    def place(self) -> int:
        """Where it stands in the list: what failed is to be seen first."""
        return self.number + (0 if self.result in TROUBLE else _REST)


async def read_operation(database: Queryable, tenant: str, operation_id: str) -> OperationView:
    """Return an operation. Raises NotFoundError, also for another tenant's."""
    what = f"operation {operation_id}"
    return operation_view(await row_of(database, what, _BY_ID, operation_id, tenant))


def operation_view(row: Row) -> OperationView:
    """Read an operation of a row of SELECT; one that has ended keeps its counts."""
    counts = row["tally"]
    return struct_of(
        OperationView,
        row,
        waiting=counts.get("waiting", 0),
        under_way=counts.get("asked", 0),
        results={what: n for what, n in counts.items() if what not in ("waiting", "asked")},
    )


async def count_items(connection: Connection, operation_id: str) -> dict[str, int]:
    """Count items by result, or by state as long as they have none."""
    return {row["what"]: row["n"] for row in await connection.fetch(_COUNT_ITEMS, operation_id)}
