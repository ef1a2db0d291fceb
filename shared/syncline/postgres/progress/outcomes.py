"""Finalize's side: outcomes of records, counters of their runs, and the end of a run.

One transaction takes everything that a poll brought. Runs are locked in the order of their IDs, so
two processes with the same partition cannot deadlock. A slot that has an outcome keeps it, so a
report that is delivered twice changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from syncline.contracts.messages import (
    Extracted,
    Halted,
    Report,
    Retrying,
    Settled,
    Waiting,
    dead_letters_in,
    is_of_stage,
)
from syncline.domain.errors import Category, Failure
from syncline.domain.run import Outcome, Run, State
from syncline.domain.wait import Wait, waits_with
from syncline.postgres.database.database import Connection, Database, Row
from syncline.postgres.ledger.known_rows import remember_excluded
from syncline.postgres.progress.batch_outcomes import record_outcomes
from syncline.postgres.progress.failure_budget import pause_over_budget
from syncline.postgres.progress.reach import NO_GAIN, Gain, read_gains
from syncline.postgres.progress.run_end import close_finished_runs
from syncline.postgres.progress.stage_tallies import StageTallies
from syncline.postgres.runs.run_row import ALL_IN_FLIGHT, SELECT, run_of

log = structlog.get_logger()
_READ = f"{SELECT} where r.id = any($1)"
_LOCK = f"{_READ} order by r.id for update of r"
_COUNT = """
update runs r set success = r.success + u.success, unchanged = r.unchanged + u.unchanged,
  excluded = r.excluded + u.excluded, superseded = r.superseded + u.superseded,
  cancelled = r.cancelled + u.cancelled, failed = r.failed + u.failed,
  retry_due_at = greatest(r.retry_due_at, u.due), status_seq = r.status_seq + u.events,
  reach = coalesce(u.reach::jsonb, r.reach),
  in_flight_normalized = r.in_flight_normalized + u.normalized,
  in_flight_transformed = r.in_flight_transformed + u.transformed,
  in_flight_taken = r.in_flight_taken + u.taken,
  state = case when r.state = 'extracting' and r.extracted then 'in_progress' else r.state end,
  progressed_at = clock_timestamp()
from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[],
  $8::timestamptz[], $9::int[], $10::text[], $11::int[], $12::int[], $13::int[])
  as u(id, success, unchanged, excluded, superseded, cancelled, failed, due, events, reach,
    normalized, transformed, taken)
where r.id = u.id
"""
# The first failure is kept. A paused run goes on to its end: nobody could resume it any more.
_HALT = """
update runs set failure = coalesce(failure, $2), halted_at = coalesce(halted_at, clock_timestamp()),
  read_on = read_on or (paused_at is not null and state = 'extracting' and not extracted),
  dispatched_at = case when paused_at is null then dispatched_at end,
  paused_at = null, paused_by = null, needs_attention = null where id = $1
"""
# Every record that Ingest committed stands in a batch.
_COMMITTED = """
select r.total, count(b.number) as batches, coalesce(sum(length(b.outcomes)), 0)::int as records
from runs r left join batches b on b.run_id = r.id where r.id = $1 group by r.id
"""
_MISCOUNT = """
update runs set failure = coalesce(failure, $2), halted_at = coalesce(halted_at, clock_timestamp()),
  high_water = null, read_to = null where id = $1
"""
_KEEP_WAITS = "update runs set waits = $2 where id = $1"
_ADD_ATTEMPT = """
insert into attempts (run_id, batch, slot, number, stage, tenant, source_id, at, failure)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
"""
_ENDED = """
select w.id from unnest($1::text[]) as w(id) left join runs r on r.id::text = w.id
where r.id is null or r.finished_at < clock_timestamp() - make_interval(secs => $2)
"""


class Outcomes:
    """Takes reports. May raise RetriableError; then nothing of the call was applied."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, reports: Sequence[Report]) -> list[Run]:
        """Apply reports and close the runs that are done; return every run that they are about.

        A run of which nothing came but what was known of its stages is left as it is.
        """
        ids = sorted({report.run.id for report in reports})
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_LOCK, ids)
            active = [row for row in rows if not State(row["state"]).is_final]
            tallies = await record_outcomes(connection, reports)
            gains = await read_gains(connection, active, reports, tallies.ended)
            news = {report.run.id for report in reports if not is_of_stage(report)}
            news |= {run_id for run_id, gain in gains.items() if gain.reach is not None}
            if running := {row["id"] for row in active} & news:
                await _keep_waits(connection, active, reports)
                await _apply(connection, running, reports, tallies, gains)
                rows = await connection.fetch(_READ, ids)
            return [run_of(row) for row in rows if row["id"] in news]

    async def in_flight(self) -> int:
        """Return how many records of active runs have no outcome."""
        return int(await self._database.fetchval(ALL_IN_FLIGHT))

    async def ended(self, run_ids: Sequence[str], seconds: float) -> list[str]:
        """Return those runs that ended at least so long ago, or are not known any more."""
        return [row["id"] for row in await self._database.fetch(_ENDED, run_ids, seconds)]


async def _apply(
    connection: Connection,
    running: Collection[str],
    reports: Sequence[Report],
    tallies: StageTallies,
    gains: Mapping[str, Gain],
) -> None:
    """Apply reports to the rows of runs that have not ended."""
    await _add_attempts(connection, reports)
    await _halt(connection, running, reports)
    await remember_excluded(connection, _excluded_rows(reports))
    await tallies.save(connection, running)
    await _compare(connection, running, reports)
    await _count(connection, sorted(running), tallies, reports, gains)
    ended = await close_finished_runs(connection, sorted(running))
    added = tallies.codes_by_run().items()
    failing = {i for i, codes in added if codes[Outcome.FAILED.value] and i in running}
    if with_failures := failing.union(ended):
        await pause_over_budget(connection, sorted(with_failures))


async def _keep_waits(
    connection: Connection, rows: Sequence[Row], reports: Sequence[Report]
) -> None:
    """Note on the (locked) rows of active runs what they wait for."""
    if not (told := [report for report in reports if isinstance(report, Waiting)]):
        return
    now = await connection.fetchval("select clock_timestamp()")
    for row in rows:
        known = waits = msgspec.convert(row["waits"], list[Wait])
        for report in told:
            if report.run.id == row["id"]:
                until = datetime.fromtimestamp(report.due_at / 1000, UTC)
                waits = waits_with(waits, report.records == 0, now, until, report.reason)
        if waits != known:
            await connection.execute(_KEEP_WAITS, row["id"], msgspec.to_builtins(waits))


async def _halt(connection: Connection, running: Container[str], reports: Iterable[Report]) -> None:
    for report in reports:
        if isinstance(report, Halted) and report.run.id in running:
            await connection.execute(_HALT, report.run.id, msgspec.to_builtins(report.failure))


async def _compare(
    connection: Connection, running: Container[str], reports: Iterable[Report]
) -> None:
    """Fail runs of which Ingest has committed other records than there are; their cursor stays."""
    for report in reports:
        if not isinstance(report, Extracted) or report.run.id not in running:
            continue
        row = await connection.fetchrow(_COMMITTED, report.run.id)
        assert row is not None
        batches = report.batches or row["batches"]  # told again, it tells of records alone
        there = (row["batches"], row["total"], row["records"])
        if (batches, report.records, report.records) != there:
            message = (
                f"{report.records} records in {batches} batches were extracted, and the database "
                f"has {row['records']} in {row['batches']} and counts {row['total']}: it was "
                "restored to an earlier time, or changed by hand. The cursor stays; start a new run"
            )
            failure = Failure(Category.PERMANENT, "count_mismatch", message)
            log.error("count_mismatch", correlation_id=report.run.id, error=message)
            await connection.execute(_MISCOUNT, report.run.id, msgspec.to_builtins(failure))


def _excluded_rows(reports: Iterable[Report]) -> list[tuple[int, str, str, str]]:
    """Return what the mapping excluded: stream, source ID, tenant and row hash of each."""
    return [
        (report.run.stream, source_id, report.run.tenant, row_hash)
        for report in reports
        if isinstance(report, Settled)
        for source_id, row_hash in report.left_out
    ]


async def _add_attempts(connection: Connection, reports: Iterable[Report]) -> None:
    rows = [row for report in reports if isinstance(report, Retrying) for row in _attempts(report)]
    if rows:
        await connection.executemany(_ADD_ATTEMPT, rows)


def _attempts(report: Retrying) -> Iterable[tuple[object, ...]]:
    run, batch = report.run, report.number
    for slot, source_id, attempt in zip(report.slots, report.ids, report.attempts, strict=True):
        at, failure = datetime.fromisoformat(attempt.at), msgspec.to_builtins(attempt.failure)
        number, stage = attempt.number, attempt.stage
        yield run.id, batch, slot, number, stage, run.tenant, source_id, at, failure


async def _count(
    connection: Connection,
    run_ids: Sequence[str],
    tallies: StageTallies,
    reports: Sequence[Report],
    gains: Mapping[str, Gain],
) -> None:
    of_run: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        of_run[report.run.id].append(report)
    added = tallies.codes_by_run()
    columns = [[added.get(i, Counter())[code.value] for i in run_ids] for code in Outcome]
    due = [_due(of_run[i]) for i in run_ids]
    events = [1 + len(dead_letters_in(of_run[i])) for i in run_ids]
    of_stages = zip(*(gains.get(i, NO_GAIN).row() for i in run_ids), strict=True)
    await connection.execute(_COUNT, run_ids, *columns, due, events, *of_stages)


def _due(reports: Iterable[Report]) -> datetime | None:
    times = [r.due_at for r in reports if isinstance(r, Retrying | Waiting)]
    return datetime.fromtimestamp(max(times) / 1000, UTC) if times else None
