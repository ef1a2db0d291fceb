"""What became of a run's records stage by stage, and how long the stages took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from syncline.contracts.topics import Stage
from syncline.domain.run import Counters
from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import struct_of
from syncline.postgres.runs.run_outcomes import retried_by_stage

_ROWS = "select * from run_stages where run_id = $1"
_ENTRIES = """
select stage, sum(length(replace(outcomes, '.', '')))::int as records
from batches where run_id = $1 group by 1
"""


class _StageRow(Counters, frozen=True):
    """A row of `run_stages`: what was settled in one stage, and the seconds of its batches."""

    batches: int = 0
    waited: float = 0.0
    worked: float = 0.0
    first_at: datetime | None = None
    last_at: datetime | None = None


class StageView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one stage did with those records of a run that have their outcome.

    Attributes:
        entered: records that came to it; at Ingest all that were found.
        passed: records that went on; at Execute those that were written.
        skipped: records that were left out here; `failed` those that were given up here.
        retried: attempts that failed and were followed by another.
        waited, worked: mean seconds that a batch lay before the stage and was worked on; None
            where that is not known.
        first_at, last_at: when it took the first batch, and was done with the last.
    """

    stage: str
    entered: int
    passed: int
    skipped: int
    failed: int
    retried: int
    batches: int
    waited: float | None
    worked: float | None
    first_at: datetime | None
    last_at: datetime | None


async def read_stages(
    database: Database, run_id: str, counters: Counters, *, is_replay: bool
) -> list[StageView]:
    """Return a run's stages in order; none of a run that is older than such rows.

    What its counters count beyond the stages' own rows was settled by Ingest.
    """
    rows = await database.fetch(_ROWS, run_id)
    entries = {Stage.INGEST: counters.done}  # stage -> settled records that began there
    if is_replay:
        found = await database.fetch(_ENTRIES, run_id)
        entries = {Stage(row["stage"] or Stage.INGEST): row["records"] for row in found}
    retried = await retried_by_stage(database, run_id)
    own = {row["stage"]: struct_of(_StageRow, row) for row in rows}
    stages = _with_early({stage: own.get(stage, _StageRow()) for stage in Stage}, counters)
    views: list[StageView] = []
    for stage, row in stages.items():
        before = views[-1].passed if views else 0
        views.append(_view(stage, row, before + entries.get(stage, 0), retried.get(stage, 0)))
    return views


def _with_early(stages: Mapping[Stage, _StageRow], counters: Counters) -> dict[Stage, _StageRow]:
    """Add what Ingest found unchanged or left out at once: it is settled in the row it inserts."""
    settled = sum(row.done for row in stages.values())
    unchanged = counters.unchanged - sum(row.unchanged for row in stages.values())
    excluded = counters.excluded - sum(row.excluded for row in stages.values())
    if counters.done - settled != unchanged + excluded:
        return {}
    ingest = stages[Stage.INGEST]
    early = msgspec.structs.replace(
        ingest, unchanged=ingest.unchanged + unchanged, excluded=ingest.excluded + excluded
    )
    return {**stages, Stage.INGEST: early}


def _view(stage: Stage, row: _StageRow, entered: int, retried: int) -> StageView:
    return StageView(
        stage=stage.value,
        entered=entered,
        passed=entered - row.failed - row.skipped,
        skipped=row.skipped,
        failed=row.failed,
        retried=retried,
        batches=row.batches,
        waited=row.waited / row.batches if row.batches else None,
        worked=row.worked / row.batches if row.batches else None,
        first_at=row.first_at,
        last_at=row.last_at,
    )
