"""Outcomes of a run's records: a summary, and those of single records."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.domain.run import outcome_name
from syncline.postgres.database.database import Database

_IN_FLIGHT = """
select b.stage, sum(length(b.outcomes) - length(replace(b.outcomes, '.', '')))::int as records
from batches b where b.run_id = $1 and position('.' in b.outcomes) > 0 group by 1 order by 1
"""
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


class OutcomeSummary(msgspec.Struct, frozen=True, rename="camel"):
    """What a run row does not say.

    Attributes:
        in_flight_by_stage: stage whose input a batch entered last -> records without an outcome.
        retried: attempts that failed and were followed by another, by stage.
        special: records that were neither written nor unchanged, with their outcome.
    """

    in_flight_by_stage: dict[str, int]
    retried: dict[str, int]
    special: list[dict[str, str]]


async def summarize_outcomes(database: Database, run_id: str, limit: int = 50) -> OutcomeSummary:
    """Return where a run's records are and what was exceptional. Raises RetriableError."""
    flying = await database.fetch(_IN_FLIGHT, run_id)
    special = await database.fetch(_SPECIAL, run_id, limit)
    return OutcomeSummary(
        {row["stage"] or "finalize": row["records"] for row in flying},
        await retried_by_stage(database, run_id),
        [{"sourceId": r["source_id"], "outcome": outcome_name(r["code"])} for r in special],
    )


async def outcomes_of(database: Database, run_id: str, source_ids: Sequence[str]) -> dict[str, str]:
    """Return the newest outcome of these records in a run, by source ID. Raises RetriableError."""
    rows = await database.fetch(_OUTCOMES, run_id, source_ids)
    return {row["source_id"]: outcome_name(row["code"]) for row in rows}


async def retried_by_stage(database: Database, run_id: str) -> dict[str, int]:
    """Return how many attempts of a run failed and were followed by another, by stage."""
    return {row["stage"]: row["n"] for row in await database.fetch(_RETRIED, run_id)}
