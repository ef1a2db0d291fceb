"""Finalize's side of a run's reach: how many of its records in flight are how far.

A record counts by its batch: those of the batches that a stage has reached, without an outcome. So
it counts once, whatever is told twice, and what has an outcome counts no more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.contracts.messages import Advance, Report
from syncline.contracts.topics import Stage
from syncline.domain.reach import STAGES, Reach, Span
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.progress.stage_tallies import EndedRecords

_PENDING = """
select w.run, w.stage, b.lane, b.number,
  length(b.outcomes) - length(replace(b.outcomes, '.', '')) as records
from unnest($1::uuid[], $2::text[], $3::int[], $4::int[]) as w(run, stage, low, high)
join batches b on b.run_id = w.run and b.number > w.low and b.number <= w.high
where b.stage = $5 and position('.' in b.outcomes) > 0
"""


class Gain(msgspec.Struct, frozen=True):
    """What a run's stages have newly: its reach where that grew, and records in flight by stage."""

    reach: Reach | None = None
    records: Mapping[str, int] = {}

    def row(self) -> tuple[object, ...]:
        """Return the run row's new reach as JSON, and what its columns of records gain."""
        reach = None if self.reach is None else msgspec.json.encode(self.reach.lanes).decode()
        return reach, *(self.records.get(stage, 0) for stage in STAGES)


NO_GAIN = Gain()


async def read_gains(
    connection: Connection,
    rows: Sequence[Row],
    reports: Iterable[Report],
    ended: Iterable[EndedRecords],
) -> dict[str, Gain]:
    """Return what reports change of runs' reaches.

    Args:
        rows: of the runs, which are locked.
        ended: what has an outcome since they were read; it stands in the batches.
    """
    told: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for report in reports:
        if isinstance(report, Advance):
            told[report.run.id] += [(report.stage, *last) for last in report.lanes]
    before = {row["id"]: Reach(row["reach"]) for row in rows}
    after = {i: reach.joined(told[i]) for i, reach in before.items() if i in told}
    spans = {i: found for i in after if (found := before[i].spans_to(after[i]))}
    records: dict[str, Counter[str]] = defaultdict(Counter)
    for one in ended:
        if reach := before.get(one.run_id):
            for stage in STAGES:
                if reach.has(stage, one.lane, one.batch):
                    records[one.run_id][stage] -= one.records
    for run_id, stage, count in await _reached(connection, spans):
        records[run_id][stage] += count
    grown = {i: after[i] for i in spans}
    return {i: Gain(grown.get(i), records[i]) for i in [*records.keys() | grown.keys()]}


async def _reached(
    connection: Connection, spans: Mapping[str, Mapping[str, Span]]
) -> list[tuple[str, str, int]]:
    """Return the records in flight of batches newly reached: run, stage and number, by batch."""
    wanted = [(i, stage, s.low, s.high) for i, own in spans.items() for stage, s in own.items()]
    if not wanted:
        return []
    rows = await connection.fetch(_PENDING, *zip(*wanted, strict=True), Stage.NORMALIZE)
    return [
        (row["run"], row["stage"], row["records"])
        for row in rows
        if (row["lane"], row["number"]) in spans[row["run"]][row["stage"]]
    ]
