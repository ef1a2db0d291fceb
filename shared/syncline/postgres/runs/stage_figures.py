"""Where a run's records are, what became of them stage by stage, and how long the stages took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from syncline.contracts.topics import FINALIZE, Stage
from syncline.domain.reach import STAGES, StagePosition
from syncline.domain.run import Counters
from syncline.postgres.database.database import Database, Row
from syncline.postgres.database.rows import struct_of
from syncline.postgres.runs.run_outcomes import retried_by_stage
from syncline.postgres.runs.run_row import in_flight_of

# One statement, so that all figures are of one moment. Entries: settled records of a replay, by the
# stage in which they began. Retrying: records in flight, by the stage of their last failed attempt.
_FIGURES = """
select r.*,
  (select jsonb_agg(s) from run_stages s where s.run_id = r.id) as stages,
  case when r.replay is not null then (select jsonb_object_agg(e.stage, e.records) from (
    select stage, sum(length(replace(outcomes, '.', ''))) as records
    from batches where run_id = r.id group by 1) e) end as entries,
  case when r.finished_at is null then (select jsonb_object_agg(w.stage, w.records) from (
    select a.stage, count(*) as records from (
      select distinct on (batch, slot) batch, slot, stage from attempts
      where run_id = r.id order by batch, slot, at desc) a
    join batches b on b.run_id = r.id and b.number = a.batch
    where substr(b.outcomes, a.slot + 1, 1) = '.' group by 1) w) end as retrying
from runs r where r.id = $1
"""


class _StageRow(Counters, frozen=True, rename="lower"):
    """A row of `run_stages`: what was settled in one stage, and the seconds of its batches."""

    batches: int = 0
    waited: float = 0.0
    worked: float = 0.0
    first_at: datetime | None = None
    last_at: datetime | None = None


class StageView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many records of a run are before, in and through one stage, and how long it took.

    Attributes:
        entered: records that came to it, those before it included; at Ingest all that were found,
            at Finalize those with an outcome.
        before, inside: of these, those that wait for it, and those that it has (`StagePosition`).
        passed: records that went on; at Execute those that were written.
        skipped: records that were left out here; `failed` those that were given up here.
        retrying: records that failed here and wait for another attempt, or are in it; those of
            Execute are `inside`, too.
        retried: attempts that failed and were followed by another.
        waited, worked: mean seconds that a batch lay before the stage and was worked on; None
            where that is not known.
        first_at, last_at: when it took the first batch, and was done with the last.
        slowest: most of the run's records are here now; of one that has ended, a batch was here
            for the longest time.
    """

    stage: str
    entered: int
    before: int = 0
    inside: int = 0
    passed: int
    skipped: int = 0
    failed: int = 0
    retrying: int = 0
    retried: int = 0
    batches: int = 0
    waited: float | None = None
    worked: float | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None
    slowest: bool = False

    @property
    def here(self) -> int:
        """How many records it has not done yet."""
        return self.before + self.inside

    @property
    def seconds(self) -> float:
        """For how long a batch was here."""
        return (self.waited or 0.0) + (self.worked or 0.0)


async def read_stages(database: Database, run_id: str) -> list[StageView]:
    """Return a run's stages in order; none of a run that is older than such rows.

    Of a replay, whose records begin in any stage, those with an outcome count alone. May raise
    RetriableError.
    """
    row = await database.fetchrow(_FIGURES, run_id)
    if row is None:
        return []
    retried = await retried_by_stage(database, run_id)
    own = {each["stage"]: msgspec.convert(each, _StageRow, strict=False) for each in _stages(row)}
    counters = struct_of(Counters, row)
    settled = _with_early({stage: own.get(stage, _StageRow()) for stage in Stage}, counters)
    if not settled:
        return []
    views = _views(settled, row, counters, retried)
    done = StageView(stage=FINALIZE, entered=counters.done, passed=counters.done)
    views.append(_timed(done, own.get(FINALIZE, _StageRow())))
    ended, reading = row["finished_at"] is not None, row["started_at"] and not row["extracted"]
    slowest = slowest_of(views, ended=ended, reading=reading, batch_size=row["batch_size"])
    return [msgspec.structs.replace(view, slowest=view is slowest) for view in views]


def _views(
    settled: Mapping[Stage, _StageRow], row: Row, counters: Counters, retried: Mapping[str, int]
) -> list[StageView]:
    is_replay = row["replay"] is not None
    retrying = row["retrying"] or {}
    entries = {stage or Stage.INGEST: n for stage, n in (row["entries"] or {}).items()}
    at: dict[str, StagePosition] = {}
    if not is_replay:
        entries = {Stage.INGEST: counters.total}
        positions = in_flight_of(row).positions(counters.in_flight)
        at = {each.stage: each for each in with_retries(positions, retrying)}
    views: list[StageView] = []
    for stage, done in settled.items():
        entered = (views[-1].passed if views else 0) + entries.get(stage, 0)
        here = at.get(stage, StagePosition(stage, 0))
        view = StageView(
            stage=stage.value,
            entered=entered,
            before=here.before,
            inside=here.inside,
            passed=entered - done.failed - done.skipped - here.before - here.inside,
            skipped=done.skipped,
            failed=done.failed,
            retrying=retrying.get(stage, 0),
            retried=retried.get(stage, 0),
        )
        views.append(_ingest(view, row) if stage is Stage.INGEST else _timed(view, done))
    return views


def _stages(row: Row) -> list[dict[str, object]]:
    return row["stages"] or []


def with_retries(
    positions: Sequence[StagePosition], retrying: Mapping[str, int]
) -> list[StagePosition]:
    """Return positions in which records that are tried again are inside their stage.

    Their batches have gone on, as far as Execute mostly. The sum stays what it was.
    """
    before = {each.stage: each.before for each in positions}
    inside = {each.stage: each.inside for each in positions}
    left = sum(retrying.get(stage, 0) for stage in STAGES)
    for stage in reversed(STAGES):
        for pool in (inside, before):
            taken = min(pool[stage], left)
            pool[stage] -= taken
            left -= taken
    return [
        StagePosition(stage, before[stage], inside[stage] + retrying.get(stage, 0))
        for stage in STAGES
    ]


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


def _timed(view: StageView, row: _StageRow) -> StageView:
    return msgspec.structs.replace(
        view,
        batches=row.batches,
        waited=row.waited / row.batches if row.batches else None,
        worked=row.worked / row.batches if row.batches else None,
        first_at=row.first_at,
        last_at=row.last_at,
    )


def _ingest(view: StageView, row: Row) -> StageView:
    """Add how long Ingest read: from the run's start to the end of its source."""
    begun, ended, batches = row["started_at"], row["extracted_at"], row["batches"]
    worked = (ended - begun).total_seconds() / max(batches, 1) if begun and ended else None
    return msgspec.structs.replace(
        view, batches=batches, worked=worked, first_at=begun, last_at=ended
    )


def slowest_of(
    views: Sequence[StageView], *, ended: bool, reading: bool, batch_size: int
) -> StageView | None:
    """Return the stage that most of a run waits for, None where none does.

    While more than a batch is at one stage, it is the one with most; Ingest, while it reads and
    the others have less. Of a run that has ended it is where a batch was for the longest time.
    """
    if ended:
        longest = max(views, key=lambda view: view.seconds)
        return longest if longest.seconds > 0 else None
    most = max(views, key=lambda view: view.here)
    if most.here > (batch_size if reading else 0):
        return most
    return views[0] if reading else None
