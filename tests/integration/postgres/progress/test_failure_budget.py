"""Runs over the failure budget of their instance: paused by Finalize, resumed by a person."""

from __future__ import annotations

import msgspec
import pytest

from syncline.contracts.messages import Extracted, Halted
from syncline.domain.errors import ConflictError
from syncline.domain.failure_budget import PAUSED_BY, FailureBudget
from syncline.domain.record import Watermarks
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.runs.pauses import RunPauses
from syncline.postgres.runs.queued_runs import QueuedRuns
from syncline.postgres.runs.run_detail import read_run_report
from syncline.postgres.runs.runs import Runs
from tests.support.reports import settled
from tests.support.run_life import NO, accept, apply, batch, dead_letter, extract, ref

IDS = "abcdefghij"


async def give_budget(db: Database, **budget: float) -> None:
    plain = msgspec.to_builtins(FailureBudget(**budget))  # type: ignore[arg-type]
    await db.execute("update instances set failure_budget = $1", plain)


async def begun(db: Database) -> Run:
    """Return a run whose ten records are on their way."""
    run = await accept(db)
    await extract(db, run, [batch(0, IDS)])
    return run


async def fail(db: Database, run: Run, *slots: int, at: str | None = None) -> Run:
    """Let records fail as they do: a dead letter first, then the outcome."""
    at = at or (await db.fetchval("select clock_timestamp()")).isoformat()
    letters = [dead_letter(run, IDS[slot], slot) for slot in slots]
    await DeadLetterStore(db).store([msgspec.structs.replace(x, failed_at=at) for x in letters])
    return await apply(db, settled(ref(run), 0, list(slots), "F" * len(slots), "execute"))


async def end(db: Database, run: Run, slots: range) -> Run:
    codes = "S" * len(slots)
    return await apply(
        db, settled(ref(run), 0, list(slots), codes, "execute"), Extracted(ref(run), 1, len(IDS))
    )


async def test_a_run_over_its_budget_is_paused_with_what_failed(db: Database) -> None:
    await give_budget(db, count=2)
    run = await begun(db)
    within = await fail(db, run, 0, 1)
    assert (within.needs_attention, within.paused_at) == (None, None)

    over = await fail(db, run, 2)

    limit = "more than the failure budget of 2 records"
    reason = f"3 of 10 records failed, {limit}: 3 of them: {NO.message}"
    assert (over.needs_attention, over.paused_by, over.state.is_final) == (reason, PAUSED_BY, False)
    assert await RunPauses(db).paused() == [(run.id, PAUSED_BY)]
    shown = (await read_run_report(db, "default", run.id)).run
    assert (shown.needs_attention, shown.paused_by) == (reason, PAUSED_BY)
    audited = "select details->>'reason' from audit_log where action = 'run.paused' and actor = $1"
    assert await db.fetchval(audited, PAUSED_BY) == reason
    await end(db, run, range(3, 10))


async def test_who_resumes_accepts_what_has_failed_so_far(db: Database) -> None:
    await give_budget(db, count=1)
    run = await begun(db)
    await fail(db, run, 0, 1)
    late = await fail(db, run, 2)  # it was in hand when the run was paused
    assert late.needs_attention is not None

    resumed = await RunPauses(db).resume("default", run.id, "ann")
    assert (resumed.needs_attention, resumed.paused_by) == (None, None)
    assert (await fail(db, run, 3)).needs_attention is None
    again = await fail(db, run, 4)
    assert again.needs_attention is not None
    assert again.needs_attention.startswith("5 of 10 records failed (3 of them were accepted)")

    await RunPauses(db).resume("default", run.id, "ann")
    after = await end(db, run, range(5, 10))
    assert (after.state, after.counters.failed) == (State.PARTIAL_SUCCESS, 5)


async def test_failures_of_before_the_resume_are_accepted_when_they_are_counted_later(
    db: Database,
) -> None:
    await give_budget(db, count=1)
    run = await begun(db)
    await fail(db, run, 0, 1)
    await RunPauses(db).resume("default", run.id, "ann")
    assert (await fail(db, run, 2, 3, 4, at="2026-01-01T00:00:00+00:00")).needs_attention is None
    assert (await fail(db, run, 5)).needs_attention is None
    over = await fail(db, run, 6)
    assert over.needs_attention is not None
    assert over.needs_attention.startswith("7 of 10 records failed (5 of them were accepted)")
    await end(db, run, range(7, 10))


async def test_a_pause_by_a_person_accepts_nothing(db: Database) -> None:
    await give_budget(db, count=1)
    run = await begun(db)
    await fail(db, run, 0)
    await RunPauses(db).pause("default", run.id, "ann")
    await fail(db, run, 1)
    await RunPauses(db).resume("default", run.id, "ann")
    over = await fail(db, run, 2)
    assert (over.needs_attention is not None, over.paused_by) == (True, PAUSED_BY)
    await end(db, run, range(3, 10))


async def test_ingest_reads_on_after_the_resume_and_not_before(db: Database) -> None:
    await give_budget(db, count=0)
    run = await accept(db)
    extractions = Extractions(db)
    progress = await extractions.start(run.id)
    assert progress is not None
    await extractions.commit(progress, [batch(0, IDS)], "p", Watermarks(), 0)
    await fail(db, run, 0)
    assert await extractions.start(run.id) is None
    assert await QueuedRuns(db).claim_dispatchable() == []
    await RunPauses(db).resume("default", run.id, "ann")
    assert await QueuedRuns(db).claim_dispatchable() == [(run.id, "default")]
    assert await extractions.start(run.id) is not None
    await Runs(db).request_cancel("default", run.id, "ann")


async def test_a_cancel_and_a_halt_end_the_need_of_attention(db: Database) -> None:
    await give_budget(db, count=0)
    run = await begun(db)
    await fail(db, run, 0)
    cancelled = await Runs(db).request_cancel("default", run.id, "ann")
    assert (cancelled.needs_attention, cancelled.paused_by) == (None, None)
    rest = settled(ref(run), 0, list(range(1, 10)), "C" * 9, "execute")
    ended = await apply(db, rest, Extracted(ref(run), 1, 10))
    assert (ended.state, ended.needs_attention) == (State.CANCELLED, None)

    other = await begun(db)
    await fail(db, other, 0)
    halted = await apply(db, Halted(ref(other), NO))
    assert (halted.needs_attention, halted.paused_by) == (None, None)
    rest = settled(ref(other), 0, list(range(1, 10)), "C" * 9, "execute")
    await apply(db, rest, Extracted(ref(other), 1, 10))


async def test_a_run_of_which_nothing_is_left_ends(db: Database) -> None:
    await give_budget(db, count=0)
    run = await begun(db)
    await fail(db, run, 0)
    after = await end(db, run, range(1, 10))
    assert (after.state, after.needs_attention, after.paused_by) == (
        State.PARTIAL_SUCCESS, None, None,
    )  # fmt: skip
    assert "1 of 10 records failed, more than the failure budget of 0" in over_budget(after)
    with pytest.raises(ConflictError, match="has ended"):
        await RunPauses(db).resume("default", run.id, "ann")
    assert await RunPauses(db).not_paused([run.id]) == [run.id]


def over_budget(run: Run) -> str:
    (notice,) = run.notices
    assert (notice.code, notice.count) == ("ended_over_budget", run.counters.failed)
    return notice.message


async def test_a_run_that_fails_whole_in_one_report_says_that_it_was_over_its_budget(
    db: Database,
) -> None:
    await give_budget(db, count=3)
    run = await accept(db)
    await extract(db, run, [batch(0, IDS)])
    await apply(db, Extracted(ref(run), 1, len(IDS)))
    ended = await fail(db, run, *range(10))
    assert (ended.state, ended.paused_at) == (State.FAILED, None)
    assert "10 of 10 records failed, more than the failure budget of 3" in over_budget(ended)
    assert NO.message in over_budget(ended)
    assert (await read_run_report(db, "default", run.id)).run.notices == ended.notices


@pytest.mark.parametrize("budget", [{}, {"percent": 1.0}, {"count": 10}])
async def test_a_run_within_its_budget_goes_on(db: Database, budget: dict[str, float]) -> None:
    if budget:
        await give_budget(db, **budget)
    run = await begun(db)
    assert (await fail(db, run, *range(9))).paused_at is None
    assert (await end(db, run, range(9, 10))).notices == []


async def test_a_replay_has_no_budget(db: Database) -> None:
    run = await begun(db)
    await fail(db, run, 0)
    await end(db, run, range(1, 10))
    await give_budget(db, count=0)
    letter = dead_letter(run, "a", 0)
    replay = await accept(db, replay={"entries": [letter.id]})
    await extract(db, replay, [batch(0, "ab")])
    await DeadLetterStore(db).store([dead_letter(replay, "a", 0)])
    after = await apply(db, settled(ref(replay), 0, [0], "F", "execute"))
    assert after.needs_attention is None
    await apply(db, settled(ref(replay), 0, [1], "S", "execute"), Extracted(ref(replay), 1, 2))
