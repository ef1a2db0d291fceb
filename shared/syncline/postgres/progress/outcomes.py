"""Finalize's side: record outcomes on the batch rows, counters on the run, and the end of a run.

One transaction takes everything a poll brought. Runs are locked in the order of their IDs, so two
processes that hold the same partition for a moment cannot deadlock, and a slot that has an outcome
keeps it: delivering any report twice changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from syncline.contracts.messages import Halted, Report, Retrying, Settled, Waiting, dead_letters_in
from syncline.domain.dead_letter.identity import dead_letter_id
from syncline.domain.run import PENDING, Outcome, Run
from syncline.postgres.database.database import Database
from syncline.postgres.ledger.known_rows import remember_excluded
from syncline.postgres.progress.run_end import close_finished_runs
from syncline.postgres.progress.stage_tallies import Tallies, counted, keep, note
from syncline.postgres.runs.run_row import SELECT, run_of

_COLUMNS = {
    Outcome.SUCCESS: "success",
    Outcome.UNCHANGED: "unchanged",
    Outcome.EXCLUDED: "excluded",
    Outcome.SUPERSEDED: "superseded",
    Outcome.CANCELLED: "cancelled",
    Outcome.FAILED: "failed",
}

_COUNT = """
update runs r set success = r.success + u.success, unchanged = r.unchanged + u.unchanged,
  excluded = r.excluded + u.excluded, superseded = r.superseded + u.superseded,
  cancelled = r.cancelled + u.cancelled, failed = r.failed + u.failed,
  retry_due_at = greatest(r.retry_due_at, u.due), status_seq = r.status_seq + u.events,
  state = case when r.state = 'extracting' and r.extracted then 'in_progress' else r.state end,
  progressed_at = clock_timestamp()
from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[],
  $8::timestamptz[], $9::int[])
  as u(id, success, unchanged, excluded, superseded, cancelled, failed, due, events)
where r.id = u.id
"""


class Outcomes:
    """Takes reports. May raise RetriableError; then nothing of the call was applied."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, reports: Sequence[Report]) -> list[Run]:
        """Apply reports and close the runs that are done.

        Returns:
            Every run that a report was about, as it is now; final ones unchanged.
        """
        ids = sorted({report.run.id for report in reports})
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                f"{SELECT} where r.id = any($1) order by r.id for update of r", ids
            )
            final = {row["id"] for row in rows if run_of(row).state.is_final}
            running = {row["id"] for row in rows} - final
            tallies = await _merge(connection, reports)
            if not running:
                return [run_of(row) for row in rows]
            await _keep_attempts(connection, reports)
            await _halt(connection, running, reports)
            await remember_excluded(connection, _left_out(reports))
            await keep(connection, [t for t in tallies.values() if t.run_id in running])
            await _count(connection, running, counted(tallies), reports)
            await close_finished_runs(connection, sorted(running))
            rows = await connection.fetch(f"{SELECT} where r.id = any($1)", ids)
            return [run_of(row) for row in rows]

    async def in_flight(self) -> int:
        """Return how many records of active runs have no outcome."""
        return int(
            await self._database.fetchval(
                """select coalesce(sum(total - success - unchanged - excluded - superseded
                - cancelled - failed), 0) from runs where state in ('extracting', 'in_progress')"""
            )
        )

    async def ended(self, run_ids: Sequence[str], seconds: float) -> list[str]:
        """Return those runs that ended at least so long ago, or are not known any more."""
        rows = await self._database.fetch(
            """select w.id from unnest($1::text[]) as w(id) left join runs r on r.id::text = w.id
            where r.id is null or r.finished_at < clock_timestamp() - make_interval(secs => $2)""",
            list(run_ids),
            seconds,
        )
        return [row["id"] for row in rows]


def merge_codes(outcomes: str, slots: Sequence[int], codes: str) -> tuple[str, Counter[str]]:
    """Put outcome codes into the pending slots of a batch row.

    Args:
        outcomes: the row's codes, one a slot.
        slots: positions, parallel to `codes`.

    Returns:
        The new codes, and how often each code was newly set; taken slots are left as they are.
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


async def _merge(connection: Any, reports: Iterable[Report]) -> Tallies:  # noqa: ANN401
    settled = [r for r in reports if isinstance(r, Settled)]
    refused: list[str] = []
    tallies: Tallies = {}
    if not settled:
        return tallies
    wanted = sorted({(r.run.id, r.number) for r in settled})
    rows = await connection.fetch(
        """select b.run_id, b.number, b.outcomes
        from unnest($1::uuid[], $2::int[]) as w(run, number)
        join batches b on b.run_id = w.run and b.number = w.number""",
        [run for run, _ in wanted],
        [number for _, number in wanted],
    )
    before = {(row["run_id"], row["number"]): row["outcomes"] for row in rows}
    after = dict(before)
    for report in settled:
        key = (report.run.id, report.number)
        if key in after:  # a report about a batch that nobody committed is nobody's
            refused += _refused_failures(report, after[key])
            after[key], new = merge_codes(after[key], report.slots, report.codes)
            if new:
                note(tallies, key[0], report, new)
    changed = [(key, codes) for key, codes in sorted(after.items()) if codes != before[key]]
    if changed:
        await connection.execute(
            """update batches b set outcomes = u.outcomes
            from unnest($1::uuid[], $2::int[], $3::text[]) as u(run, number, outcomes)
            where b.run_id = u.run and b.number = u.number""",
            [key[0] for key, _ in changed],
            [key[1] for key, _ in changed],
            [codes for _, codes in changed],
        )
    if refused:
        await connection.execute("delete from dead_letters where id = any($1)", list(refused))
    return tallies


def _refused_failures(report: Settled, outcomes: str) -> list[str]:
    """Name the dead letters of records that have another outcome already.

    A message delivered twice can succeed once and fail once. The first outcome stands, and a
    record that did not fail has no dead letter.
    """
    return [
        dead_letter_id(report.run.id, report.number, slot)
        for slot, code in zip(report.slots, report.codes, strict=True)
        if code == Outcome.FAILED and outcomes[slot : slot + 1] not in (PENDING, Outcome.FAILED, "")
    ]


# The first failure stands. A paused run goes on to its end: nobody can let it go on any more.
_HALT = """
update runs set failure = coalesce(failure, $2), halted_at = coalesce(halted_at, clock_timestamp()),
  read_on = read_on or (paused_at is not null and state = 'extracting' and not extracted),
  dispatched_at = case when paused_at is null then dispatched_at end,
  paused_at = null, paused_by = null where id = $1
"""


async def _halt(connection: Any, running: Container[str], reports: Iterable[Report]) -> None:  # noqa: ANN401
    for report in reports:
        if isinstance(report, Halted) and report.run.id in running:
            failure = msgspec.to_builtins(report.failure)
            await connection.execute(_HALT, report.run.id, failure)


def _left_out(reports: Iterable[Report]) -> list[tuple[int, str, str, str]]:
    """Return what the mapping excluded: stream, source ID, tenant and row hash of each."""
    return [
        (report.run.stream, source_id, report.run.tenant, row_hash)
        for report in reports
        if isinstance(report, Settled)
        for source_id, row_hash in report.left_out
    ]


async def _keep_attempts(connection: Any, reports: Iterable[Report]) -> None:  # noqa: ANN401
    rows = [
        (
            report.run.id, report.number, slot, attempt.number, attempt.stage,
            report.run.tenant, source_id, datetime.fromisoformat(attempt.at),
            msgspec.to_builtins(attempt.failure),
        )
        for report in reports
        if isinstance(report, Retrying)
        for slot, source_id, attempt in zip(
            report.slots, report.ids, report.attempts, strict=True
        )
    ]  # fmt: skip
    if rows:
        await connection.executemany(
            """insert into attempts
            (run_id, batch, slot, number, stage, tenant, source_id, at, failure)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing""",
            rows,
        )


async def _count(
    connection: Any,  # noqa: ANN401
    run_ids: Iterable[str],
    added: Mapping[str, Counter[str]],
    reports: Sequence[Report],
) -> None:
    ids = sorted(run_ids)
    own: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        own[report.run.id].append(report)
    columns = [[added.get(i, Counter())[code] for i in ids] for code in _COLUMNS]
    due = [_due(own[i]) for i in ids]
    events = [1 + len(dead_letters_in(own[i])) for i in ids]
    await connection.execute(_COUNT, ids, *columns, due, events)


def _due(reports: Iterable[Report]) -> datetime | None:
    times = [r.due_at for r in reports if isinstance(r, Retrying | Waiting)]
    return datetime.fromtimestamp(max(times) / 1000, UTC) if times else None
