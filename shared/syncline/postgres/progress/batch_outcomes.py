"""Outcome codes on the batch rows: a slot that has an outcome keeps it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import structlog

from syncline.contracts.messages import BatchOutcomes, Report, Settled
from syncline.contracts.topics import Stage
from syncline.domain.dead_letter.replay import dead_letter_id
from syncline.domain.run import PENDING, Outcome
from syncline.postgres.database.database import Connection, Row
from syncline.postgres.progress.stage_tallies import EndedRecords, StageTallies
from syncline.telemetry.metrics import METRICS

log = structlog.get_logger()
_READ = """
select b.run_id, b.number, b.lane, b.stage, b.outcomes
from unnest($1::uuid[], $2::int[]) as w(run, number)
join batches b on b.run_id = w.run and b.number = w.number
"""
_WRITE = """
update batches b set outcomes = u.outcomes
from unnest($1::uuid[], $2::int[], $3::text[]) as u(run, number, outcomes)
where b.run_id = u.run and b.number = u.number
"""
_REMOVE_DEAD_LETTERS = "delete from dead_letters where id = any($1)"


async def record_outcomes(connection: Connection, reports: Iterable[Report]) -> StageTallies:
    """Write the outcomes of reports, in the transaction that holds their runs; return what is new.

    A report about a batch that nobody committed changes nothing: it is logged and counted.
    """
    tallies = StageTallies()
    settled = [report for report in reports if isinstance(report, Settled)]
    if not any(report.batches for report in settled):
        return tallies
    rows = await _read(connection, settled)
    before = {key: row["outcomes"] for key, row in rows.items()}
    after, refused = dict(before), list[str]()
    for report in settled:
        added = Counter[str]()
        for batch in report.batches:
            key = (report.run.id, batch.number)
            if key not in after:
                METRICS.unknown_batches.inc()
                log.error("batch_unknown", correlation_id=report.run.id, number=batch.number)
            else:
                refused += refused_failures(report.run.id, batch, after[key])
                after[key], new = merge_codes(after[key], batch.slots, batch.codes)
                added += new
        if added:
            tallies.add_report(report, added)
    changed = sorted((*key, codes) for key, codes in after.items() if codes != before[key])
    tallies.ended = [
        EndedRecords(run_id, rows[run_id, number]["lane"], number, ended)
        for run_id, number, codes in changed
        if rows[run_id, number]["stage"] == Stage.NORMALIZE
        and (ended := before[run_id, number].count(PENDING) - codes.count(PENDING))
    ]
    if changed:
        await connection.execute(_WRITE, *zip(*changed, strict=True))
    if refused:
        await connection.execute(_REMOVE_DEAD_LETTERS, refused)
    return tallies


async def _read(connection: Connection, settled: Iterable[Settled]) -> dict[tuple[str, int], Row]:
    wanted = sorted({(r.run.id, batch.number) for r in settled for batch in r.batches})
    rows = await connection.fetch(_READ, *zip(*wanted, strict=True))
    return {(row["run_id"], row["number"]): row for row in rows}


def merge_codes(outcomes: str, slots: Sequence[int], codes: str) -> tuple[str, Counter[str]]:
    """Put `codes` into a batch row's pending slots; slots that have an outcome keep it.

    Returns the new codes of the row, and how often each code was newly set.
    """
    size = len(outcomes)
    if outcomes == PENDING * size and list(slots) == list(range(size)):  # by far the most frequent
        return codes, Counter(codes)
    merged, added = list(outcomes), Counter[str]()
    for slot, code in zip(slots, codes, strict=True):
        if slot < len(merged) and merged[slot] == PENDING:
            merged[slot] = code
            added[code] += 1
    return "".join(merged), added


def refused_failures(run_id: str, batch: BatchOutcomes, outcomes: str) -> list[str]:
    """Name the dead letters of records that have another outcome already.

    A message delivered twice can succeed once and fail once. The first outcome stands, and a
    record that did not fail has no dead letter.
    """
    return [
        dead_letter_id(run_id, batch.number, slot)
        for slot, code in zip(batch.slots, batch.codes, strict=True)
        if code == Outcome.FAILED and outcomes[slot : slot + 1] not in (PENDING, Outcome.FAILED, "")
    ]
