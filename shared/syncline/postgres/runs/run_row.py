"""A row of `runs`, read as a Run."""

from __future__ import annotations

from typing import Any

from syncline.domain.run import Counters, Mode, Run, State
from syncline.postgres.runs.notices import notices_of

SELECT = "select r.*, i.name as instance_name from runs r join instances i on i.id = r.instance_id"


def run_of(row: Any) -> Run:  # noqa: ANN401 - a database row
    """Make a Run of a row of SELECT."""
    return Run(
        id=str(row["id"]),
        tenant=row["tenant"],
        stream=row["stream_id"],
        instance=str(row["instance_id"]),
        instance_name=row["instance_name"],
        entity_type=row["entity_type"],
        source=str(row["source_id"]),
        target=str(row["target_id"]),
        mapping=str(row["mapping_id"]),
        mapping_version=row["mapping_version"],
        mode=Mode(row["mode"]),
        trigger=row["trigger"],
        actor=row["actor"],
        source_ids=row["source_ids"],
        max_entities=row["max_entities"],
        batch_size=row["batch_size"],
        lanes=row["lanes"],
        replay=row["replay"],
        parent=str(row["parent_id"]) if row["parent_id"] else None,
        state=State(row["state"]),
        reason=row["reason"],
        failure=row["failure"],
        extracted=row["extracted"],
        counters=counters_of(row),
        cursor_before=row["cursor_before"],
        cursor_after=row["cursor_after"],
        status_seq=row["status_seq"],
        notices=notices_of(row),
        retry_due_at=row["retry_due_at"],
        cancel_requested_at=row["cancel_requested_at"],
        cancel_requested_by=row["cancel_requested_by"],
        paused_at=row["paused_at"],
        paused_by=row["paused_by"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        extracted_at=row["extracted_at"],
        finished_at=row["finished_at"],
    )


def counters_of(row: Any) -> Counters:  # noqa: ANN401 - a database row
    """Read the counters of a run row."""
    return Counters(**{name: row[name] for name in Counters.__struct_fields__})
