"""What became of a run's records stage by stage, and how long the stages took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from syncline.contracts.topics import Stage
from syncline.domain.run import Counters
from syncline.postgres.database.database import Database

CODES = ("success", "unchanged", "excluded", "superseded", "cancelled", "failed")
_ENTRIES = """
select stage, sum(length(replace(outcomes, '.', '')))::int as records
from batches where run_id = $1 group by 1
"""


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


async def stage_figures_of(
    database: Database, run_id: str, counters: Counters, *, is_replay: bool
) -> list[StageView]:
    """Return a run's stages in order. Raises RetriableError.

    Args:
        counters: of the run; what they count beyond the stages' own rows was settled by Ingest.
    """
    rows = await database.fetch("select * from run_stages where run_id = $1", run_id)
    entries = {Stage.INGEST: counters.done}
    if is_replay:
        found = await database.fetch(_ENTRIES, run_id)
        entries = {Stage(row["stage"] or Stage.INGEST): row["records"] for row in found}
    retried = await database.fetch(
        "select stage, count(*) as n from attempts where run_id = $1 group by 1", run_id
    )
    return views_of(
        {row["stage"]: dict(row) for row in rows},
        {row["stage"]: row["n"] for row in retried},
        counters,
        entries,
    )


def views_of(
    rows: Mapping[str, Mapping[str, Any]],
    retried: Mapping[str, int],
    counters: Counters,
    entries: Mapping[Stage, int],
) -> list[StageView]:
    """Work out what entered and passed each stage from what was settled in it.

    Args:
        rows: stage -> its row of `run_stages`.
        retried: stage -> attempts that were followed by another.
        entries: stage -> settled records that began there; all but replays begin at Ingest.

    Returns:
        Nothing for a run that is older than such rows.
    """
    ended = {stage: _ended(rows.get(stage, {})) for stage in Stage}
    known = sum(sum(counts.values()) for counts in ended.values())
    early = {  # what Ingest found unchanged or left out before is settled in the row it inserts
        code: getattr(counters, code) - sum(counts[code] for counts in ended.values())
        for code in ("unchanged", "excluded")
    }
    if counters.done - known != sum(early.values()):
        return []
    for code, count in early.items():
        ended[Stage.INGEST][code] += count
    passed, views = 0, []
    for stage, counts in ended.items():
        entered = passed + entries.get(stage, 0)
        view = _view(stage, rows.get(stage, {}), counts, entered, retried.get(stage, 0))
        views.append(view)
        passed = view.passed
    return views


def _view(
    stage: Stage, row: Mapping[str, Any], counts: Mapping[str, int], entered: int, retried: int
) -> StageView:
    failed = counts["failed"]
    skipped = sum(counts[c] for c in ("unchanged", "excluded", "superseded", "cancelled"))
    batches = row.get("batches", 0)
    return StageView(
        stage=stage.value,
        entered=entered,
        passed=entered - failed - skipped,
        skipped=skipped,
        failed=failed,
        retried=retried,
        batches=batches,
        waited=row["waited"] / batches if batches else None,
        worked=row["worked"] / batches if batches else None,
        first_at=row.get("first_at"),
        last_at=row.get("last_at"),
    )


def _ended(row: Mapping[str, Any]) -> dict[str, int]:
    return {code: row.get(code, 0) for code in CODES}
