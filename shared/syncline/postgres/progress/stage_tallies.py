"""Finalize's side of `run_stages`: what was settled where in a run, and how long that took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from datetime import UTC, datetime

import msgspec

from syncline.contracts.messages import Settled, Timing
from syncline.contracts.topics import FINALIZE, INPUT_OF, OUTCOMES
from syncline.domain.run import Outcome
from syncline.postgres.database.database import Connection

_STAGE_OF = {topic: stage.value for stage, topic in INPUT_OF.items()} | {OUTCOMES: FINALIZE}
# Finalize's own time, by the database's clock: from the transaction's start until now. Its column
# `waited` is less by the times of arrival.
_ADD = f"""
insert into run_stages as s (run_id, stage, tenant, success, unchanged, excluded, superseded,
  cancelled, failed, batches, waited, worked, first_at, last_at)
select u.run, u.stage, u.tenant, u.success, u.unchanged, u.excluded, u.superseded, u.cancelled,
  u.failed, u.batches,
  case when own then greatest(u.batches * extract(epoch from now()) + u.waited, 0)
    else u.waited end,
  case when own then u.batches * extract(epoch from clock_timestamp() - now()) else u.worked end,
  case when own then now() else u.first_at end,
  case when own then clock_timestamp() else u.last_at end
from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::int[],
  $7::int[], $8::int[], $9::int[], $10::int[], $11::float8[], $12::float8[], $13::timestamptz[],
  $14::timestamptz[]) as u(run, stage, tenant, success, unchanged, excluded, superseded, cancelled,
  failed, batches, waited, worked, first_at, last_at)
cross join lateral (select u.stage = '{FINALIZE}' as own) f
on conflict (run_id, stage) do update set success = s.success + excluded.success,
  unchanged = s.unchanged + excluded.unchanged, excluded = s.excluded + excluded.excluded,
  superseded = s.superseded + excluded.superseded, cancelled = s.cancelled + excluded.cancelled,
  failed = s.failed + excluded.failed, batches = s.batches + excluded.batches,
  waited = s.waited + excluded.waited, worked = s.worked + excluded.worked,
  first_at = least(s.first_at, excluded.first_at), last_at = greatest(s.last_at, excluded.last_at)
"""


class StageTally(msgspec.Struct):
    """What reports add to one stage of a run; times are milliseconds since 1970."""

    run_id: str
    stage: str
    tenant: str
    codes: Counter[str] = msgspec.field(default_factory=Counter)
    batches: int = 0
    waited: int = 0
    worked: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, timing: Timing) -> None:
        """Add the times of one message; of those to Finalize the database knows the rest."""
        self.batches += 1
        if self.stage == FINALIZE:
            self.waited -= timing.arrived
            return
        self.waited += max(timing.begun - timing.arrived, 0)  # two machines' clocks may differ
        self.worked += max(timing.done - timing.begun, 0)
        self.first = min(self.first or timing.begun, timing.begun)
        self.last = max(self.last or timing.done, timing.done)


class EndedRecords(msgspec.Struct, frozen=True):
    """So many records of a batch, which began at Normalize, have newly an outcome."""

    run_id: str
    lane: int
    batch: int
    records: int


class StageTallies:
    """What a poll's reports add to the stages of runs; `ended`: the same by batch."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str], StageTally] = {}
        self.ended: list[EndedRecords] = []

    def add_report(self, report: Settled, codes: Mapping[str, int]) -> None:
        """Add a report; `codes` are the outcome codes that it newly set, each with how often."""
        run = report.run
        self.add_outcomes(run.id, report.stage, run.tenant, codes)
        for timing in report.timings:
            if timing.topic in _STAGE_OF:
                self._of(run.id, _STAGE_OF[timing.topic], run.tenant).add(timing)

    def add_outcomes(self, run_id: str, stage: str, tenant: str, codes: Mapping[str, int]) -> None:
        """Add outcome codes that were newly set in a stage, each with how often."""
        self._of(run_id, stage, tenant).codes.update(codes)

    def _of(self, run_id: str, stage: str, tenant: str) -> StageTally:
        return self._tallies.setdefault((run_id, stage), StageTally(run_id, stage, tenant))

    def codes_by_run(self) -> dict[str, Counter[str]]:
        """Return the codes of each run over all its stages."""
        added: dict[str, Counter[str]] = {}
        for tally in self._tallies.values():
            added.setdefault(tally.run_id, Counter()).update(tally.codes)
        return added

    async def save(self, connection: Connection, run_ids: Container[str]) -> None:
        """Add to the rows of the stages, in the transaction that holds these runs."""
        rows = [_row(self._tallies[key]) for key in sorted(self._tallies) if key[0] in run_ids]
        if rows:
            await connection.execute(_ADD, *zip(*rows, strict=True))


def _row(tally: StageTally) -> tuple[object, ...]:
    return (
        tally.run_id,
        tally.stage,
        tally.tenant,
        *(tally.codes[outcome.value] for outcome in Outcome),
        tally.batches,
        tally.waited / 1000,
        tally.worked / 1000,
        _time(tally.first),
        _time(tally.last),
    )


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
