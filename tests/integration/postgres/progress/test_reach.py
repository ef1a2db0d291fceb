"""Where a run's records in flight are: counted once, however often and in what order it is told."""

from __future__ import annotations

from itertools import pairwise

import pytest

from syncline.contracts.messages import Advance, Attempt, Extracted, Report, Retrying
from syncline.domain.errors import Category, Failure
from syncline.domain.record import NewBatch
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.progress.outcomes import Outcomes
from syncline.postgres.runs.auditor import audit
from syncline.postgres.runs.runs import Runs
from syncline.postgres.runs.stage_figures import StageView, read_stages
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, extract, ref

AWAY = Failure(Category.TRANSIENT, "timeout", "no answer")


def far(run: Run, stage: str, *lanes: tuple[int, int]) -> Advance:
    return Advance(ref(run), stage, list(lanes))


async def positions(db: Database, run: Run) -> list[tuple[int, int]]:
    found = (await Runs(db).get("default", run.id)).positions or []
    assert await audit(db) == []
    return [(at.before, at.inside) for at in found]


async def stages(db: Database, run: Run) -> dict[str, StageView]:
    found = {view.stage: view for view in await read_stages(db, run.id)}
    assert_possible(list(found.values()))
    return found


def assert_possible(found: list[StageView]) -> None:
    """What comes to a stage is what the one before let through, and has one place there."""
    for stage in found:
        assert min(stage.before, stage.inside, stage.passed, stage.skipped, stage.failed) >= 0
        parts = stage.before + stage.inside + stage.passed + stage.skipped + stage.failed
        assert parts == stage.entered, stage
        assert stage.retrying <= stage.inside
    for earlier, later in pairwise(found[:-1]):
        assert earlier.passed == later.entered


async def begun(db: Database) -> Run:
    """A run of three batches that travel, of 4, 3 and 3 records, in two lanes."""
    run = await accept(db)
    first, second = batch(1, "abcd"), batch(2, "efg")
    await extract(db, run, [batch(0, "xy", "UU"), first], [second, in_lane(3, "hij", 1)])
    return run


def in_lane(number: int, ids: str, lane: int) -> NewBatch:
    new = batch(number, ids)
    new.lane = lane
    return new


async def test_records_are_where_their_stages_have_told(db: Database) -> None:
    run = await begun(db)
    assert await positions(db, run) == [(10, 0), (0, 0), (0, 0)]
    await apply(db, far(run, "normalize", (0, 2)))
    assert await positions(db, run) == [(3, 0), (7, 0), (0, 0)]
    await apply(db, far(run, "transform", (0, 1)), far(run, "normalize", (1, 3)))
    assert await positions(db, run) == [(0, 0), (6, 0), (4, 0)]
    await apply(db, far(run, "execute", (0, 1)), settled(ref(run), 1, [0, 1], "SF", "execute"))
    assert await positions(db, run) == [(0, 0), (6, 0), (0, 2)]

    found = await stages(db, run)
    assert (found["ingest"].entered, found["ingest"].skipped) == (12, 2)
    assert [found[name].passed for name in ("ingest", "normalize", "transform")] == [10, 10, 4]
    execute, finalize = found["execute"], found["finalize"]
    assert (execute.entered, execute.inside, execute.passed, execute.failed) == (4, 2, 1, 1)
    assert (finalize.entered, finalize.passed) == (4, 4)
    assert [stage.stage for stage in found.values() if stage.slowest] == ["transform"]


async def test_whatever_comes_twice_or_late_counts_once(db: Database) -> None:
    run = await begun(db)
    written = settled(ref(run), 1, [0, 1, 2, 3], "SSSS", "execute")
    told: list[Report] = [
        far(run, "normalize", (0, 1)),
        far(run, "transform", (0, 1)),
        far(run, "execute", (0, 1)),
        written,
        far(run, "normalize", (0, 2), (1, 3)),
        settled(ref(run), 3, [0], "X", "transform"),
        far(run, "transform", (1, 3)),
        settled(ref(run), 2, [2], "F", "normalize"),
    ]
    for report in told:
        await Outcomes(db).apply([report, report])
    at = [(0, 0), (2, 0), (2, 0)]
    assert await positions(db, run) == at
    for report in [*told, *reversed(told)]:
        await Outcomes(db).apply([report])
    await Outcomes(db).apply([*reversed(told), *told])
    assert await positions(db, run) == at
    await stages(db, run)


@pytest.mark.parametrize("together", [True, False])
async def test_an_outcome_may_come_before_its_stages_tell(db: Database, together: bool) -> None:
    run = await begun(db)
    told: list[Report] = [
        settled(ref(run), 1, [0, 1, 2], "SSS", "execute"),
        far(run, "execute", (0, 1)),
        far(run, "normalize", (0, 1)),
    ]
    for reports in [told] if together else [[report] for report in told]:
        await Outcomes(db).apply(reports)
        assert sum(map(sum, await positions(db, run))) == 7
        await stages(db, run)
    assert await positions(db, run) == [(6, 0), (0, 0), (0, 1)]


async def test_what_was_known_moves_no_run(db: Database) -> None:
    """A process that comes back again and again and tells the same must not keep a run alive."""
    run = await begun(db)
    news = far(run, "execute", (0, 1))
    moved = await apply(db, news)
    moving = "select progressed_at, status_seq from runs where id = $1"
    before = tuple(await db.fetchrow(moving, run.id) or ())
    assert await Outcomes(db).apply([news, far(run, "normalize", (0, 0))]) == []
    assert tuple(await db.fetchrow(moving, run.id) or ()) == before
    assert moved.status_seq == before[1]


async def test_a_run_that_has_ended_has_no_record_in_flight(db: Database) -> None:
    run = await begun(db)
    await apply(db, far(run, "execute", (0, 2)))
    codes = {1: "SSSS", 2: "SSS", 3: "SSS"}
    done = [settled(ref(run), n, list(range(len(c))), c, "execute") for n, c in codes.items()]
    ended = await apply(db, *done, Extracted(ref(run), 4, 12))
    assert ended.state == "succeeded"
    assert await Outcomes(db).apply([far(run, "normalize", (1, 3))]) == []
    assert await positions(db, run) == [(0, 0)] * 3
    found = await stages(db, run)
    assert [stage.passed for stage in found.values()] == [10, 10, 10, 10, 12]


async def test_records_that_are_tried_again_are_inside_their_stage(db: Database) -> None:
    run = await begun(db)
    attempts = [Attempt(1, "2026-01-01T00:00:00+00:00", s, AWAY) for s in ("normalize", "execute")]
    await apply(
        db,
        far(run, "execute", (0, 2)),
        Retrying(ref(run), 1, [0], ["a"], attempts[:1], 1),
        Retrying(ref(run), 2, [0, 1], ["e", "f"], [attempts[1]] * 2, 1),
    )
    found = await stages(db, run)
    assert (found["normalize"].before, found["normalize"].inside) == (3, 1)
    assert (found["execute"].inside, found["execute"].retrying) == (6, 2)
    await apply(db, settled(ref(run), 2, [0], "S", "execute"))
    assert (await stages(db, run))["execute"].retrying == 1


async def test_records_that_never_travel_are_reached_by_no_stage(db: Database) -> None:
    run = await accept(db)
    refused = NewBatch(0, 0, "ingest", ["r"], ".")
    await extract(db, run, [refused, batch(1, "ab")])
    await apply(db, far(run, "execute", (0, 1)))
    assert await positions(db, run) == [(1, 0), (0, 0), (0, 2)]
    await apply(db, settled(ref(run), 0, [0], "F", "ingest"))
    assert await positions(db, run) == [(0, 0), (0, 0), (0, 2)]


async def test_what_lanes_of_a_run_have_told_is_kept_by_lane(db: Database) -> None:
    run = await begun(db)
    await apply(db, far(run, "normalize", (1, 3)))
    assert await positions(db, run) == [(7, 0), (3, 0), (0, 0)]
