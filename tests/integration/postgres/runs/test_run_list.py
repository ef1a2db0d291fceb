"""What people read of runs: lists by filter and a run in full, with what each stage did."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncline.contracts.messages import Attempt, Extracted, Report, Retrying, Timing
from syncline.domain.errors import Category, Failure, NotFoundError
from syncline.domain.run import Run
from syncline.postgres.database.database import Database
from syncline.postgres.runs.run_detail import read_run_report
from syncline.postgres.runs.run_list import RUN_SORTS, RunFilter, RunList
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, extract, ref

AWAY = Failure(Category.TRANSIENT, "timeout", "no answer")
AT = 1_800_000_000_000


@pytest.fixture
async def db(configured: Database) -> Database:
    """Books that tests make wrong on purpose are not audited."""
    return configured


async def ended(db: Database, ids: str = "abcd", *reports: Report) -> Run:
    run = await accept(db)
    await extract(db, run, [batch(0, ids)])
    told = reports or (settled(ref(run), 0, list(range(len(ids))), "S" * len(ids), "execute"),)
    return await apply(db, *told, Extracted(ref(run), 1, len(ids)))


async def test_runs_are_paged_newest_first_without_gap_or_double(db: Database) -> None:
    made = [(await ended(db)).id for _ in range(5)]
    views, seen, order = RunList(db), [], RUN_SORTS.order()
    while page := await views.page("default", RunFilter(), 2, order):
        seen += [run.correlation_id for run in page]
        order = order.behind(page[-1])
    assert seen == made[::-1]


async def test_each_filter_leaves_out_what_does_not_match(db: Database) -> None:
    run = await ended(db)
    views = RunList(db)
    (shown,) = await views.page("default", RunFilter(), 10)
    matching = [
        RunFilter(states=("succeeded", "failed")), RunFilter(instance="erp-shop"),
        RunFilter(entity_type="ITEM"), RunFilter(trigger="topic"), RunFilter(mode="incremental"),
        RunFilter(since=shown.created_at), RunFilter(prefix=run.id[:10]),
    ]  # fmt: skip
    missing = [
        RunFilter(states=("failed",)), RunFilter(instance="erp"), RunFilter(entity_type="order"),
        RunFilter(trigger="cli"), RunFilter(mode="force_full"),
        RunFilter(since=shown.created_at + timedelta(microseconds=1)),
        RunFilter(until=shown.created_at), RunFilter(prefix="ffffff"),
    ]  # fmt: skip
    for wanted in matching:
        assert [r.correlation_id for r in await views.page("default", wanted, 10)] == [run.id]
        assert (await views.count("default", wanted)).count == 1
    for wanted in missing:
        assert await views.page("default", wanted, 10) == []
    assert await views.page("other", RunFilter(), 10) == []


async def test_a_run_tells_what_each_stage_did(db: Database) -> None:
    run = await accept(db)
    await extract(db, run, [batch(0, "xy", "UU"), batch(1, "abcdef")])
    timings = [
        Timing("raw", AT, AT + 2000, AT + 3000),
        Timing("payload", AT + 3000, AT + 3500, AT + 4000),
        Timing("outcomes", AT),
    ]
    attempt = Attempt(1, "2026-01-01T00:00:00+00:00", "execute", AWAY)
    written = settled(ref(run), 1, [0, 1], "SU", "execute", timings=timings)
    await apply(
        db,
        Retrying(ref(run), 1, [0], ["a"], [attempt], AT),
        written,
        settled(ref(run), 1, [2], "X", "transform"),
        settled(ref(run), 1, [3, 4], "FF", "normalize"),
    )
    await apply(db, written, settled(ref(run), 1, [5], "C", "transform"), Extracted(ref(run), 2, 8))

    report = await read_run_report(db, "default", run.id)

    numbers = [
        (s.stage, s.entered, s.passed, s.skipped, s.failed, s.retried) for s in report.stages
    ]
    assert numbers == [
        ("ingest", 8, 6, 2, 0, 0),
        ("normalize", 6, 4, 0, 2, 0),
        ("transform", 4, 2, 2, 0, 0),
        ("execute", 2, 1, 1, 0, 1),
        ("finalize", 8, 8, 0, 0, 0),
    ]
    normalize, execute = report.stages[1], report.stages[3]
    assert (normalize.batches, normalize.waited, normalize.worked) == (1, 2.0, 1.0)
    assert (execute.batches, execute.waited, execute.worked) == (1, 0.5, 0.5)
    ingest, finalize = report.stages[0], report.stages[4]
    assert (ingest.batches, finalize.batches) == (2, 1)
    for stage in (ingest, finalize):
        assert stage.worked is not None
        assert stage.worked > 0
        assert None not in (stage.first_at, stage.last_at)
    assert report.run.total == 8
    assert report.mapping is not None
    assert (report.mapping.version, report.mapping.active_version) == (1, 1)


async def test_a_run_of_another_tenant_is_not_there(db: Database) -> None:
    run = await ended(db)
    with pytest.raises(NotFoundError):
        await read_run_report(db, "other", run.id)
