"""A row of `runs`, read as a Run."""

from __future__ import annotations

from syncline.domain.run import Counters, Run
from syncline.postgres.database.database import Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.runs.notices import notices_of

SELECT = "select r.*, i.name as instance_name from runs r join instances i on i.id = r.instance_id"
BY_ID = f"{SELECT} where r.id = $1"
IN_FLIGHT = "total - success - unchanged - excluded - superseded - cancelled - failed"
"""Records of a run without an outcome, by its counters."""


def run_of(row: Row) -> Run:
    """Make a Run of a row of SELECT."""
    return struct_of(
        Run,
        row,
        stream=row["stream_id"],
        instance=row["instance_id"],
        source=row["source_id"],
        target=row["target_id"],
        mapping=row["mapping_id"],
        parent=row["parent_id"],
        counters=counters_of(row),
        notices=notices_of(row),
    )


def counters_of(row: Row) -> Counters:
    """Read the counters of a run row."""
    return struct_of(Counters, row)
