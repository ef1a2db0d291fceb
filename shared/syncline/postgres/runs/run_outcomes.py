"""Outcomes of single records of a run, and how many were tried again."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database

_RETRIED = "select stage, count(*) as n from attempts where run_id = $1 group by 1 order by 1"
_SPECIAL = """
select u.source_id, u.code from batches b,
  unnest(b.source_ids, string_to_array(b.outcomes, null)) as u(source_id, code)
where b.run_id = $1 and u.code not in ('S', 'U') order by b.number limit $2
"""
_OUTCOMES = """
select u.source_id, u.code from batches b,
  unnest(b.source_ids, string_to_array(b.outcomes, null)) as u(source_id, code)
where b.run_id = $1 and u.source_id = any($2) order by b.number
"""


class SpecialRecord(msgspec.Struct, frozen=True, rename="camel"):
    """A record that was neither written nor unchanged."""

    source_id: str
    outcome: str


async def read_special_records(
    database: Database, run_id: str, limit: int = 50
) -> list[SpecialRecord]:
    """Return what was exceptional in a run, in flight included. Raises RetriableError."""
    rows = await database.fetch(_SPECIAL, run_id, limit)
    return [SpecialRecord(row["source_id"], outcome_name(row["code"])) for row in rows]


async def outcomes_of(database: Database, run_id: str, source_ids: Sequence[str]) -> dict[str, str]:
    """Return the newest outcome of these records in a run, by source ID. Raises RetriableError."""
    rows = await database.fetch(_OUTCOMES, run_id, source_ids)
    return {row["source_id"]: outcome_name(row["code"]) for row in rows}


async def retried_by_stage(database: Database, run_id: str) -> dict[str, int]:
    """Return how many attempts of a run failed and were followed by another, by stage."""
    return {row["stage"]: row["n"] for row in await database.fetch(_RETRIED, run_id)}
