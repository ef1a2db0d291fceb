"""A run in which nothing moves is closed: every record gets an outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncline.contracts.messages import Advance, Attempt, Extracted, Retrying, Waiting
from syncline.domain.errors import Category, Failure
from syncline.domain.record import Watermarks
from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.progress.extraction import Extractions, FencedError
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.progress.stalled_runs import StalledRun, StalledRuns
from syncline.postgres.runs.runs import Runs
from tests.support.reports import settled
from tests.support.run_life import NO, accept, apply, batch, extract, ref

HALF_AN_HOUR = 1800.0


async def still_for(db: Database, run: Run, minutes: int) -> None:
    """Let time pass for a run."""
    await db.execute(
        "update runs set progressed_at = progressed_at - $2 * interval '1 min', "
        "suspected_at = suspected_at - $2 * interval '1 min', "
        "retry_due_at = retry_due_at - $2 * interval '1 min' where id = $1::uuid",
        run.id,
        minutes,
    )


async def look(db: Database) -> StalledRun | None:
    """Look once, as Finalize does, and handle the suspicion if there is one."""
    closed = None
    for suspicion in await StalledRuns(db).suspects(HALF_AN_HOUR):
        closed = await StalledRuns(db).close(suspicion)
    return closed


async def test_a_run_is_given_up_when_it_stays_still_after_a_first_suspicion(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "abc"), batch(1, "x", "U")])
    await apply(db, settled(ref(run), 0, [1], "S", "execute"), Extracted(ref(run), 2, 4))
    assert await look(db) is None
    await still_for(db, run, 31)
    assert await look(db) is None
    await still_for(db, run, 4)
    closed = await look(db)

    assert closed is not None
    assert (closed.run.state, closed.run.counters.failed) == (State.FAILED, 2)
    assert closed.run.cursor_after is None
    assert closed.run.reason == (
        "stalled: nothing moved for 30 min; no outcome came of 2 records last seen on the way into "
        "normalize: a, c"
    )
    assert [letter.source_id for letter in closed.dead_letters] == ["a", "c"]
    assert {letter.failure.code for letter in closed.dead_letters} == {"stalled"}
    assert await StalledRuns(db).suspects(HALF_AN_HOUR) == []


async def test_what_moves_in_between_is_not_given_up(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    await apply(db, Extracted(ref(run), 1, 2))
    await still_for(db, run, 31)
    (early,) = await StalledRuns(db).suspects(HALF_AN_HOUR)
    assert await StalledRuns(db).close(early) is None
    await still_for(db, run, 4)
    (late,) = await StalledRuns(db).suspects(HALF_AN_HOUR)
    await apply(db, settled(ref(run), 0, [0], "S", "execute"))  # lay before it on the topic
    assert await StalledRuns(db).close(late) is None

    await still_for(db, run, 31)
    assert await look(db) is None  # suspected anew: the old suspicion is forgotten
    after = await apply(db, settled(ref(run), 0, [1], "S", "execute"))
    assert after.state is State.SUCCEEDED


async def test_a_pending_retry_is_waited_for(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "a")])
    at = datetime.now(UTC)  # noqa: TID251 - compared with the database's clock
    attempt = Attempt(1, at.isoformat(), "execute", NO)
    due = int((at + timedelta(hours=1)).timestamp() * 1000)
    await apply(db, Retrying(ref(run), 0, [0], ["a"], [attempt], due), Extracted(ref(run), 1, 1))
    await still_for(db, run, 40)
    assert await look(db) is None
    assert await look(db) is None
    await still_for(db, run, 60)
    assert await look(db) is None
    await still_for(db, run, 4)

    closed = await look(db)

    assert closed is not None
    assert "on the way into execute: a" in (closed.run.reason or "")
    assert [a.failure.code for a in closed.dead_letters[0].attempts] == ["rejected", "stalled"]


async def test_a_wait_that_a_system_asked_for_is_waited_for(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "a")])
    due = datetime.now(UTC) + timedelta(hours=24)  # noqa: TID251 - compared with the database's
    waiting = Waiting(ref(run), 1, int(due.timestamp() * 1000), "429: too many")
    after = await apply(db, waiting, waiting, Extracted(ref(run), 1, 1))
    assert after.retry_due_at is not None
    await still_for(db, run, 23 * 60)
    assert await look(db) is None
    assert await look(db) is None
    assert await db.fetchval("select count(*) from attempts") == 0


async def test_a_run_whose_target_does_not_answer_is_not_stalled(db: Database) -> None:
    run, breakers = await accept(db), Breakers(db)
    await extract(db, run, [batch(0, "ab")])
    await apply(db, Extracted(ref(run), 1, 2))
    await still_for(db, run, 31)
    await look(db)
    login = Failure(Category.PERMANENT, "login_refused", "401")
    await breakers.failed(ref(run).target, "default", login)
    await still_for(db, run, 24 * 60)
    assert await StalledRuns(db).suspects(HALF_AN_HOUR) == []
    await breakers.close(ref(run).target)
    assert await StalledRuns(db).suspects(HALF_AN_HOUR) != []


async def test_an_extraction_that_hangs_is_ended_and_fenced(db: Database) -> None:
    run = await accept(db)
    hanging = await Extractions(db).start(run.id)
    assert hanging is not None
    await still_for(db, run, 31)
    await look(db)
    await still_for(db, run, 4)

    closed = await look(db)

    assert closed is not None
    assert (closed.run.state, closed.run.extracted, closed.dead_letters) == (State.FAILED, True, [])
    assert "ingest did not end reading the source" in (closed.run.reason or "")
    with pytest.raises(FencedError):
        await Extractions(db).commit(hanging, [batch(0, "a")], "1", Watermarks(), 0)
    await accept(db)  # the stream is free


async def test_late_and_repeated_messages_of_a_closed_run_change_nothing(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    await apply(db, Advance(ref(run)))
    await still_for(db, run, 31)
    await look(db)
    await still_for(db, run, 4)
    (suspicion,) = await StalledRuns(db).suspects(HALF_AN_HOUR)
    first = await StalledRuns(db).close(suspicion)

    again = await StalledRuns(db).close(suspicion)
    late = await Outcomes(db).apply(
        [settled(ref(run), 0, [0, 1], "SF", "execute"), Extracted(ref(run), 1, 2)]
    )

    assert first == again
    assert first is not None
    assert late == [first.run]
    assert await Runs(db).get("default", run.id) == first.run


async def test_a_cancelled_run_that_does_not_end_is_ended_as_cancelled(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "ab")])
    await apply(db, settled(ref(run), 0, [0], "S", "execute"))
    await Runs(db).request_cancel("default", run.id, "anna")
    await still_for(db, run, 31)
    await look(db)
    await still_for(db, run, 4)

    closed = await look(db)

    assert closed is not None
    assert (closed.run.state, closed.run.reason) == (State.CANCELLED, "cancelled by anna")
    assert (closed.run.counters.success, closed.run.counters.cancelled) == (1, 1)
    assert closed.dead_letters == []
