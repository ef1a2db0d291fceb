"""Read models of operations: progress, counted from the rows of their items, and the items."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


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
    filter: dict[str, Any]
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


async def item_counts_of(connection: Any, row: Any) -> dict[str, int]:  # noqa: ANN401 - database rows
    """Count an operation's items by result or state; one that has ended keeps its counts."""
    if row["counts"] is not None:
        return dict(row["counts"])
    return await count_items(connection, row["id"])


async def count_items(connection: Any, operation_id: str) -> dict[str, int]:  # noqa: ANN401
    """Count items by result, or by state as long as they have none."""
    rows = await connection.fetch(
        """select coalesce(result, state) as what, count(*) as n from operation_items
        where operation_id = $1 group by 1 order by 1""",
        operation_id,
    )
    return {row["what"]: row["n"] for row in rows}


def operation_view(row: Any, counts: dict[str, int]) -> OperationView:  # noqa: ANN401
    """Read an operation of its row."""

    def text(name: str) -> str | None:
        return str(row[name]) if row[name] else None

    results = {what: n for what, n in counts.items() if what not in ("waiting", "asked")}
    return OperationView(
        str(row["id"]), row["kind"], row["state"], row["selection"], row["filter"], row["as_of"],
        row["total"], counts.get("waiting", 0), counts.get("asked", 0), results, row["reason"],
        row["from_stage"], row["rate"], row["stop_on_repeat"], row["stop_after"], row["stopped"],
        row["actor"], row["created_at"], row["starts_at"], row["started_at"], row["finished_at"],
        text("undo_of"), text("undone_by"),
    )  # fmt: skip


def item_view(row: Any) -> OperationItem:  # noqa: ANN401 - a database row
    """Read an item of its row, with the run of its chunk."""
    return OperationItem(
        row["number"],
        str(row["letter_id"]),
        row["source_id"],
        row["state"],
        row["result"],
        row["note"],
        str(row["run_id"]) if row["run_id"] else None,
        str(row["again_id"]) if row["again_id"] else None,
        row["finished_at"],
    )
