"""A row of `runs`: read as a Run, and its notices, each code of which it has once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.reach import InFlight
from syncline.domain.record import JsonObject
from syncline.domain.run import Counters, Notice, Run
from syncline.postgres.database.database import Queryable, Row
from syncline.postgres.database.rows import struct_of

SELECT = """
select r.*, i.name as instance_name, r.stream_id as stream, r.instance_id as instance,
  r.source_id as source, r.target_id as target, r.mapping_id as mapping, r.parent_id as parent,
  r.chain_id as chain
from runs r join instances i on i.id = r.instance_id
"""
BY_ID = f"{SELECT} where r.id = $1"
IN_FLIGHT = "total - success - unchanged - excluded - superseded - cancelled - failed"
"""Records of a run without an outcome, by its counters."""
ALL_IN_FLIGHT = f"""
select coalesce(sum({IN_FLIGHT}), 0) from runs where state in ('extracting', 'in_progress')
"""
"""The same of all runs."""
_ADD_NOTICES = "update runs set notices = notices || $2 where id = $1"


def run_of(row: Row) -> Run:
    """Make a Run of a row of SELECT."""
    return struct_of(
        Run,
        row,
        counters=struct_of(Counters, row),
        in_flight=in_flight_of(row),
        notices=notices_of(row),
    )


def in_flight_of(row: Row) -> InFlight:
    """Read how far the records in flight of a run row are."""
    return InFlight(
        row["in_flight_normalized"], row["in_flight_transformed"], row["in_flight_taken"]
    )


def notices_of(row: Row) -> list[Notice]:
    """Read the notices of a run row, by code."""
    return [msgspec.convert(notice, Notice) for _, notice in sorted(row["notices"].items())]


def notices_by_code(notices: Sequence[Notice]) -> JsonObject:
    """Return notices as the column `notices` holds them; one that is repeated takes its place."""
    return {notice.code: msgspec.to_builtins(notice) for notice in notices}


async def add_notices(database: Queryable, run_id: str, notices: Sequence[Notice]) -> None:
    """Add notices to a run; of one code the last one stands. Raises RetriableError."""
    await database.execute(_ADD_NOTICES, run_id, notices_by_code(notices))
