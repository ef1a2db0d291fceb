"""Closing runs in which nothing moves: every record gets an outcome, failed ones a dead letter."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TypeAlias

import msgspec

from syncline.contracts.dead_letters import FailedRecord, RecordPlace, dead_letter
from syncline.contracts.events import DeadLetter
from syncline.contracts.messages import Attempt, Stalling
from syncline.contracts.run_ref import ref_of
from syncline.contracts.topics import Stage
from syncline.domain.errors import Failure
from syncline.domain.run import (
    PENDING,
    STALL_GRACE,
    STALLED,
    Outcome,
    Run,
    stall_failure,
    stall_reason,
)
from syncline.postgres.database.database import Connection, Database, Row
from syncline.postgres.dead_letters.store import store_dead_letters
from syncline.postgres.progress.run_end import close_finished_runs
from syncline.postgres.progress.stage_tallies import StageTallies
from syncline.postgres.runs.run_row import BY_ID, SELECT, run_of
from syncline.postgres.runs.runs import read_run

# A run whose target does not answer waits, and its bundles are parked.
_WAITS = """exists (select from profile_breakers w
  where w.profile_id = r.target_id and w.closed_at is null)"""
_STILL = f"""{SELECT} where r.state in ('extracting', 'in_progress') and r.paused_at is null
and not {_WAITS}
and greatest(r.progressed_at, r.retry_due_at) < clock_timestamp() - make_interval(secs => $1)"""
_SUSPECT = f"""
update runs r set suspected_at = case when suspected_at > progressed_at then suspected_at
  else clock_timestamp() end
where id = $1 and state in ('extracting', 'in_progress') and paused_at is null and not {_WAITS}
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
_FILL = """
update batches set outcomes = replace(outcomes, $2, $3)
where run_id = $1 and position($2 in outcomes) > 0
"""
_MISSING = """
select b.number, o.slot - 1 as slot, b.source_ids[o.slot] as source_id,
  coalesce((select a.stage from attempts a where a.run_id = b.run_id and a.batch = b.number
    and a.slot = o.slot - 1 order by a.at desc limit 1), b.stage) as stage
from batches b, string_to_table(b.outcomes, null) with ordinality as o(code, slot)
where b.run_id = $1 and o.code = $2 order by 1, 2
"""
_ATTEMPTS = "select * from attempts where run_id = $1 order by at, number"
_DEAD_LETTERS = """
select * from dead_letters where run_id = $1 and code = $2 order by batch, slot
"""
_Attempts: TypeAlias = dict[tuple[int, int], list[Attempt]]
"""Earlier attempts by batch and slot."""


class StalledRun(msgspec.Struct, frozen=True):
    """A run that was given up, and the dead letters of what was in flight."""

    run: Run
    dead_letters: list[DeadLetter]


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
        """Close a run that is suspected for long enough and still stands; None where it goes on."""
        run_id = suspicion.run.id
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(f"{BY_ID} for update of r", run_id)
            if row is None:
                return None
            if run_of(row).state.is_final:
                if not (row["reason"] or "").startswith(STALLED):
                    return None
            elif await _is_given_up(connection, suspicion):
                await _end(connection, row, suspicion.after)
            else:
                return None
            run = await read_run(connection, run_id)
            return StalledRun(run, await _dead_letters(connection, run))


async def _is_given_up(connection: Connection, suspicion: Stalling) -> bool:
    seen, after = datetime.fromisoformat(suspicion.seen), suspicion.after
    run_id = suspicion.run.id
    return bool(await connection.fetchval(_SUSPECT, run_id, seen, after, after * STALL_GRACE))


async def _end(connection: Connection, row: Row, after: float) -> None:
    """Give every record without an outcome one, and close the run."""
    run_id, cancelled = row["id"], row["cancel_requested_at"] is not None
    outcome = Outcome.CANCELLED if cancelled else Outcome.FAILED
    missing = await _missing(connection, run_id)
    if not cancelled:
        run, at = run_of(row), await connection.fetchval("select clock_timestamp()")
        earlier = await _attempts(connection, run_id)
        letters = [_dead_letter(run, p, stage, after, at, earlier) for p, stage in missing]
        await store_dead_letters(connection, letters)
    await connection.execute(_FILL, run_id, PENDING, outcome.value)
    tallies = StageTallies()
    for _, stage in missing:
        tallies.add_outcomes(run_id, stage, row["tenant"], {outcome.value: 1})
    await tallies.save(connection, [run_id])
    words = None if cancelled else stall_reason([(s, p.source_id) for p, s in missing], after)
    counts = (0, len(missing)) if cancelled else (len(missing), 0)
    await connection.execute(_END, run_id, words, *counts)
    await close_finished_runs(connection, [run_id])


async def _missing(connection: Connection, run_id: str) -> list[tuple[RecordPlace, str]]:
    """Name the records without an outcome, each with the stage that was to take it last."""
    rows = await connection.fetch(_MISSING, run_id, PENDING)
    return [(RecordPlace(r["number"], r["slot"], r["source_id"]), r["stage"]) for r in rows]


async def _attempts(connection: Connection, run_id: str) -> _Attempts:
    found: _Attempts = defaultdict(list)
    for row in await connection.fetch(_ATTEMPTS, run_id):
        failure = msgspec.convert(row["failure"], Failure)
        attempt = Attempt(row["number"], row["at"].isoformat(), row["stage"], failure)
        found[row["batch"], row["slot"]].append(attempt)
    return found


def _dead_letter(
    run: Run, place: RecordPlace, stage: str, after: float, at: datetime, earlier: _Attempts
) -> DeadLetter:
    before = earlier.get((place.batch, place.slot), [])
    last = Attempt(len(before) + 1, at.isoformat(), stage, stall_failure(stage, after))
    return dead_letter(ref_of(run), place, Stage(stage), [*before, last], FailedRecord())


async def _dead_letters(connection: Connection, run: Run) -> list[DeadLetter]:
    """Read the dead letters of a stalled run as they were stored, to be published."""
    rows = await connection.fetch(_DEAD_LETTERS, run.id, STALLED)
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
