"""What was kept long enough goes; what is open stays, however old."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from syncline.postgres.database import retention
from syncline.postgres.database.database import Database
from syncline.postgres.database.retention import Retention, remove_expired
from tests.support.scheduled import schedule

KEEP = Retention(runs=400, outcomes=90, dead_letters=30, audit=400)


@pytest.fixture
async def db(configured: Database) -> Database:
    """Books that tests make wrong on purpose are not audited."""
    return configured


async def add_run(db: Database, days: int | None) -> UUID:
    """Add a run with one batch and one attempt that ended so many days ago; None: not yet."""
    run = uuid4()
    state = "in_progress" if days is None else "succeeded"
    await db.execute(
        """insert into runs (id, tenant, stream_id, instance_id, entity_type, source_id, target_id,
          mapping_id, mapping_version, mode, trigger, actor, batch_size, lanes, request_hash, state,
          created_at, finished_at)
        select $1, 'default', s.id, i.id, 'item', i.source_id, i.target_id, s.mapping_id, 1,
          'incremental', 'test', 'test', 100, 1, $1, $2, now() - interval '900 days',
          now() - make_interval(days => $3)
        from streams s join instances i on i.id = s.instance_id""",
        run, state, days,
    )  # fmt: skip
    await db.execute(
        "insert into batches (run_id, number, tenant, lane, stage, source_ids, outcomes) "
        "values ($1, 0, 'default', 0, '', '{A}', 'S')",
        run,
    )
    await db.execute(
        "insert into attempts (run_id, batch, slot, number, stage, tenant, source_id, at, failure) "
        "values ($1, 0, 0, 1, 'execute', 'default', 'A', now(), '{}')",
        run,
    )
    return run


async def add_letter(db: Database, run: UUID, status: str, days: int | None) -> None:
    await db.execute(
        """insert into dead_letters (id, tenant, run_id, stage, category, code, error, fingerprint,
          attempts, retries, failed_at, status, resolved_at)
        values ($1, 'default', $2, 'execute', 'permanent', 'c', 'e', 'f', '[]', 0,
          now() - interval '900 days', $3, now() - make_interval(days => $4))""",
        uuid4(), run, status, days,
    )  # fmt: skip


async def count(db: Database, table: str) -> int:
    return int(await db.fetchval(f"select count(*) from {table}"))


@pytest.mark.parametrize(
    ("days", "runs", "batches"), [(89, 1, 1), (91, 1, 0), (401, 0, 0), (None, 1, 1)]
)
async def test_a_run_outlives_the_outcomes_of_its_records(
    db: Database, days: int | None, runs: int, batches: int
) -> None:
    await add_run(db, days)
    await remove_expired(db, KEEP)
    found = [await count(db, table) for table in ("runs", "batches", "attempts")]
    assert found == [runs, batches, batches]


async def test_outcomes_go_on_where_the_last_call_stopped(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 3)
    for days in (91, 92, 93, 94, 95, 96, 97, 10):
        await add_run(db, days)
    await db.execute(
        "insert into batches (run_id, number, tenant, lane, stage, source_ids, outcomes) "
        "select run_id, 1, b.tenant, lane, stage, b.source_ids, outcomes from batches b "
        "join runs r on r.id = run_id where finished_at < now() - interval '95 days'"
    )
    assert await count(db, "batches") == 11
    assert [(await remove_expired(db, KEEP))["batches"] for _ in range(5)] == [3, 3, 3, 1, 0]
    assert await count(db, "attempts") == 1

    await db.execute("update runs set finished_at = now() - interval '91 days'")
    assert (await remove_expired(db, KEEP))["batches"] == 1


async def test_runs_without_outcomes_do_not_hold_back_those_behind_them(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 2)
    for days in (95, 94, 93, 92, 91):
        await add_run(db, days)
    await db.execute(
        "delete from batches where run_id in (select id from runs where "
        "finished_at < now() - interval '92 days')"
    )
    await db.execute("delete from attempts")
    assert (await remove_expired(db, KEEP))["batches"] == 1


async def test_who_was_erased_is_forgotten_with_the_outcomes_of_records(db: Database) -> None:
    for days in (89, 91):
        await db.execute(
            "insert into erasures (instance_id, source_id, at, by) "
            "select id, $1, now() - make_interval(days => $2), 'ann' from instances",
            str(days), days,
        )  # fmt: skip
    await remove_expired(db, KEEP)
    assert await db.fetchval("select array_agg(source_id) from erasures") == ["89"]


@pytest.mark.parametrize(
    ("status", "days", "kept"),
    [("pending", None, 1), ("discarded", 29, 1), ("discarded", 31, 0), ("replayed", 31, 0)],
)
async def test_a_dead_letter_goes_when_it_was_resolved_long_ago(
    db: Database, status: str, days: int | None, kept: int
) -> None:
    run = await add_run(db, 500)
    await add_letter(db, run, status, days)
    await remove_expired(db, KEEP)
    assert await count(db, "dead_letters") == kept
    assert await count(db, "runs") == kept  # an open letter keeps its run


async def test_the_audit_log_goes_by_its_own_time(db: Database) -> None:
    for days in (399, 401):
        await db.execute(
            "insert into audit_log (tenant, at, actor, action, object) "
            "values ('default', now() - make_interval(days => $1), 'a', 'b', 'c')",
            days,
        )
    before = await count(db, "audit_log")
    assert (await remove_expired(db, KEEP))["audit_log"] == 1
    assert await count(db, "audit_log") == before - 1


async def test_one_process_at_a_time_keeps_house(db: Database) -> None:
    await add_run(db, 401)
    async with db.connection() as other:
        await other.execute("select pg_advisory_lock(7305817212)")
        assert await remove_expired(db, KEEP) == {}
        await other.execute("select pg_advisory_unlock(7305817212)")
    assert (await remove_expired(db, KEEP))["runs"] == 1


async def test_old_firings_go(db: Database) -> None:
    await schedule(db, "0 0 * * *", datetime.now(UTC))  # noqa: TID251 - retention goes by the real clock
    await db.execute(
        """insert into firings (schedule_id, slot, tenant, run_id, kind, actor, result)
        select id, now() - make_interval(days => d), 'default', gen_random_uuid(), 'slot', 's',
          'fired' from schedules, unnest(array[401, 399]) d"""
    )
    assert (await remove_expired(db, KEEP))["firings"] == 1
    assert await db.fetchval("select count(*) from firings") == 1
