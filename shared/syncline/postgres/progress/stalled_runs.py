"""Closing runs in which nothing moves: every record gets an outcome, failed ones a dead letter."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import msgspec

from syncline.contracts.dead_letters import FailedRecord, RecordPlace, dead_letter
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Attempt, Stalling, ref_of
from syncline.contracts.topics import Stage
from syncline.domain.errors import Failure
from syncline.domain.run import PENDING, Outcome, Run
from syncline.domain.stall import GRACE, STALLED, stall_failure, stall_reason
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import store_dead_letters
from syncline.postgres.progress.run_end import close_finished_runs
from syncline.postgres.progress.stage_tallies import Tallies, keep, tally_of
from syncline.postgres.runs.run_row import SELECT, run_of

_STILL = f"""{SELECT} where r.state in ('extracting', 'in_progress') and r.paused_at is null
and greatest(r.progressed_at, r.retry_due_at) < clock_timestamp() - make_interval(secs => $1)"""

_SUSPECT = """
update runs r set suspected_at = case when suspected_at > progressed_at then suspected_at
  else clock_timestamp() end
where id = $1 and state in ('extracting', 'in_progress') and paused_at is null
  and progressed_at = $2
  and greatest(progressed_at, retry_due_at) < clock_timestamp() - make_interval(secs => $3)
returning suspected_at < clock_timestamp() - make_interval(secs => $4) as given_up
"""

# Ingest is fenced: should it still read, it finds no row to commit to.
_END = """
update runs set extracted = true, extracted_at = coalesce(extracted_at, clock_timestamp()),
  ingest_epoch = ingest_epoch + 1, reason = $2, failed = failed + $3, cancelled = cancelled + $4,
  state = 'in_progress', status_seq = status_seq + 1 + $3
where id = $1
"""


class StalledRun(msgspec.Struct, frozen=True):
    """A run that was given up, and the dead letters of what was in flight."""

    run: Run
    letters: list[DeadLetter]


class StalledRuns:
    """Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def suspects(self, after: float) -> list[Stalling]:
        """Name the active runs in which nothing has moved for `after` seconds, no retry pending."""
        rows = await self._database.fetch(_STILL, after)
        return [
            Stalling(ref_of(run_of(row)), row["progressed_at"].isoformat(), after) for row in rows
        ]

    async def close(self, suspicion: Stalling) -> StalledRun | None:
        """Close a run that has been suspected for long enough and still has not moved.

        Returns:
            The run; the same again when it was closed before; None when it goes on.
        """
        run_id = suspicion.run.id
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(f"{SELECT} where r.id = $1 for update of r", run_id)
            if row is None:
                return None
            if not run_of(row).state.is_final:
                if not await _given_up(connection, run_id, suspicion):
                    return None
                await _end(connection, row, suspicion.after)
                row = await connection.fetchrow(f"{SELECT} where r.id = $1", run_id)
            elif not (row["reason"] or "").startswith(STALLED):
                return None
            return StalledRun(run_of(row), await _letters(connection, run_of(row)))


async def _given_up(connection: Any, run_id: str, suspicion: Stalling) -> bool:  # noqa: ANN401
    seen = datetime.fromisoformat(suspicion.seen)
    after = suspicion.after
    return bool(await connection.fetchval(_SUSPECT, run_id, seen, after, after * GRACE))


async def _end(connection: Any, row: Any, after: float) -> None:  # noqa: ANN401
    """Give every record without an outcome one, and close the run."""
    cancelled = row["cancel_requested_at"] is not None
    outcome = Outcome.CANCELLED if cancelled else Outcome.FAILED
    missing = await _missing(connection, row["id"])
    if not cancelled:
        run, at = run_of(row), await connection.fetchval("select clock_timestamp()")
        earlier = await _attempts(connection, row["id"])
        letters = [_letter(run, p, stage, after, at, earlier) for p, stage in missing]
        await store_dead_letters(connection, letters)
    await connection.execute(
        "update batches set outcomes = replace(outcomes, $2, $3) "
        "where run_id = $1 and position($2 in outcomes) > 0",
        row["id"],
        PENDING,
        outcome.value,
    )
    tallies: Tallies = {}
    for _, stage in missing:
        tally_of(tallies, row["id"], stage, row["tenant"]).codes[outcome.value] += 1
    await keep(connection, tallies.values())
    words = None if cancelled else stall_reason([(s, p.source_id) for p, s in missing], after)
    counts = (0, len(missing)) if cancelled else (len(missing), 0)
    await connection.execute(_END, row["id"], words, *counts)
    await close_finished_runs(connection, [row["id"]])


async def _missing(connection: Any, run_id: str) -> list[tuple[RecordPlace, str]]:  # noqa: ANN401
    """Name the records without an outcome, each with the stage that was to take it last."""
    rows = await connection.fetch(
        """select b.number, o.slot - 1 as slot, b.source_ids[o.slot] as source_id,
          coalesce((select a.stage from attempts a where a.run_id = b.run_id and a.batch = b.number
            and a.slot = o.slot - 1 order by a.at desc limit 1), b.stage) as stage
        from batches b, string_to_table(b.outcomes, null) with ordinality as o(code, slot)
        where b.run_id = $1 and o.code = $2 order by 1, 2""",
        run_id,
        PENDING,
    )
    return [(RecordPlace(r["number"], r["slot"], r["source_id"]), r["stage"]) for r in rows]


async def _attempts(connection: Any, run_id: str) -> dict[tuple[int, int], list[Attempt]]:  # noqa: ANN401
    rows = await connection.fetch(
        "select * from attempts where run_id = $1 order by at, number", run_id
    )
    found: dict[tuple[int, int], list[Attempt]] = defaultdict(list)
    for row in rows:
        failure = msgspec.convert(row["failure"], Failure)
        attempt = Attempt(row["number"], row["at"].isoformat(), row["stage"], failure)
        found[row["batch"], row["slot"]].append(attempt)
    return found


def _letter(
    run: Run,
    place: RecordPlace,
    stage: str,
    after: float,
    at: datetime,
    earlier: dict[tuple[int, int], list[Attempt]],
) -> DeadLetter:
    before = earlier.get((place.batch, place.slot), [])
    last = Attempt(len(before) + 1, at.isoformat(), stage, stall_failure(stage, after))
    return dead_letter(ref_of(run), place, Stage(stage), [*before, last], FailedRecord())


async def _letters(connection: Any, run: Run) -> list[DeadLetter]:  # noqa: ANN401
    """Read the dead letters of a stalled run as they were stored, to be told to others."""
    rows = await connection.fetch(
        "select * from dead_letters where run_id = $1 and code = $2 order by batch, slot",
        run.id,
        STALLED,
    )
    return [
        dead_letter(
            ref_of(run),
            RecordPlace(row["batch"], row["slot"], row["source_id"]),
            Stage(row["stage"]),
            msgspec.convert(row["attempts"], list[Attempt]),
            FailedRecord(),
        )
        for row in rows
    ]
