"""A stream's first load into PostgreSQL: killed at any step, sent again, with shared rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from syncline.contracts.bundle import BatchPart, Bundle
from syncline.contracts.messages import Settled
from syncline.contracts.run_ref import RunRef
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.mapping.document import Transformation, TransformationField
from syncline.domain.retry import RetryPolicy
from syncline.postgres.database.database import Database
from syncline.postgres.ledger.row_names import RowNames
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.runtime.clock import SystemClock
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_execute.handler import ExecuteHandler
from syncline_execute.row_names import RowNaming
from syncline_execute.targets import Target
from syncline_execute.writer import Writer
from tests.support.faults import CrashError, crash_after, fail_once
from tests.support.limits import NoLimits
from tests.support.parents import execute_router
from tests.support.postgresql import connector_to
from tests.support.reports import codes_of
from tests.support.run_life import accept, ref
from tests.support.stage_messages import control_topic, reports

MANY = 600
ITEMS = "create table items (id int primary key, n int)"
TRANSFORMATION = Transformation(
    match_key=("id",),
    fields=(
        TransformationField(source="id", target="id"),
        TransformationField(source="n", target="n"),
    ),
    target={"table": "items"},
)


class World:
    """A new stream, its ledger, and its empty target."""

    def __init__(self, db: Database, dsn: str, target: asyncpg.Connection, run: RunRef) -> None:
        self.db, self.target, self.run = db, target, run
        self.ledger = Ledger(db)
        self.connector = connector_to(dsn)

    async def of(self, run: RunRef) -> Target:
        capabilities = self.connector.capabilities_for(TRANSFORMATION.target)
        retry = RetryPolicy(2, 2.0, 32.0)
        return Target(self.connector, capabilities, TRANSFORMATION, retry, NoLimits(), 2)

    async def handle(self, *bundles: Bundle) -> str:
        """Let a new process handle bundles; returns the outcomes' codes that occur."""
        handler = ExecuteHandler(
            self,
            Writer(self.ledger, RowNaming(RowNames(self.db)), SystemClock()),
            await control_topic(),
            execute_router(),
            FakeClock(),
            MemoryBroker().producer(),
        )
        sent = await handler.handle(bundles)
        settled = [report for report in reports(sent) if isinstance(report, Settled)]
        return "".join(sorted(set("".join(map(codes_of, settled)))))

    def bundle(self, n: int, version: int = 1, start: int = 0, **changes: Any) -> Bundle:
        ids = range(start, start + MANY)
        columns = Columns(MANY, {"id": list(ids), "n": [n] * MANY})
        parts = [BatchPart(version, version, list(range(MANY)))]
        bundle = Bundle(self.run, 0, parts, [f"s{i}" for i in ids], columns)
        return msgspec.structs.replace(bundle, **changes)

    async def rows(self) -> dict[int, int]:
        return {row[0]: row[1] for row in await self.target.fetch("select id, n from items")}

    async def versions(self) -> set[int]:
        return {row[0] for row in await self.db.fetch("select version from ledger")}


@pytest.fixture
async def world(db: Database, empty_postgres: str) -> AsyncIterator[World]:
    target = await asyncpg.connect(empty_postgres)
    await target.execute(ITEMS)
    run = msgspec.structs.replace(ref(await accept(db)), first=True)
    world = World(db, empty_postgres, target, run)
    yield world
    await world.connector.close()
    await target.close()


def all_rows(n: int, count: int = MANY) -> dict[int, int]:
    return dict.fromkeys(range(count), n)


async def test_every_record_is_written_and_known(world: World) -> None:
    assert await world.handle(world.bundle(1), world.bundle(1, 2, start=MANY)) == "S"
    assert await world.rows() == all_rows(1, 2 * MANY)
    found = await world.ledger.entries(world.run.stream, ["s0", f"s{2 * MANY - 1}"])
    assert [entry.target_id for entry in found.values()] == ["0", str(2 * MANY - 1)]


async def test_what_comes_again_is_a_success_and_sends_nothing(world: World) -> None:
    await world.handle(world.bundle(1))
    await world.target.execute("delete from items")
    assert await world.handle(world.bundle(1)) == "S"
    assert await world.rows() == {}


@pytest.mark.parametrize("step", ["entries", "write", "acknowledge"])
async def test_a_process_that_dies_behind_any_step_leaves_it_to_the_next(
    world: World, step: str
) -> None:
    crash_after(world.connector if step == "write" else world.ledger, step)
    with pytest.raises((CrashError, BaseExceptionGroup)):
        await world.handle(world.bundle(1))
    assert await world.handle(world.bundle(1)) == "S"
    assert await world.rows() == all_rows(1)
    assert await world.versions() == {1}


@pytest.mark.parametrize("step", ["entries", "acknowledge"])
async def test_an_outage_of_the_database_is_followed_by_the_same_again(
    world: World, step: str
) -> None:
    fail_once(world.ledger, step, RetriableError("away", code="database_unavailable"))
    with pytest.raises((RetriableError, BaseExceptionGroup)):
        await world.handle(world.bundle(1))
    assert await world.handle(world.bundle(1)) == "S"
    assert await world.rows() == all_rows(1)


async def test_versions_of_a_record_keep_their_order(world: World) -> None:
    assert await world.handle(world.bundle(1, 1), world.bundle(2, 2)) == "S"
    assert await world.rows() == all_rows(2)
    assert await world.versions() == {2}
    assert await world.handle(world.bundle(1, 1)) == "P"
    assert await world.rows() == all_rows(2)


async def test_another_process_may_be_first_between_the_look_and_the_acknowledgement(
    world: World,
) -> None:
    entries = world.ledger.entries

    async def late(stream: int, source_ids: list[str]) -> Any:
        world.ledger.entries = entries  # type: ignore[method-assign]
        found = await entries(stream, source_ids)
        await world.handle(world.bundle(2, 2, ids=[f"s{i}" for i in range(MANY)]))
        return found

    world.ledger.entries = late  # type: ignore[method-assign, assignment]
    assert await world.handle(world.bundle(1, 1)) == "S"
    assert await world.versions() == {2}


async def test_rows_that_the_target_has_are_updated_and_shared_ones_told(world: World) -> None:
    await world.target.execute("insert into items values (3, 9), (9999, 9)")
    assert await world.handle(world.bundle(1)) == "S"
    assert await world.rows() == all_rows(1) | {9999: 9}
    again = world.bundle(1, 2, ids=[f"t{i}" for i in range(MANY)])
    assert await world.handle(again) == "S"
    notices = await world.db.fetchval("select notices from runs where id = $1", world.run.id)
    assert "shared_row" in str(notices)


async def test_a_shared_row_is_told_also_where_the_first_bulk_made_it(world: World) -> None:
    await world.handle(world.bundle(1))
    assert await world.handle(world.bundle(2, 2, ids=[f"t{i}" for i in range(MANY)])) == "S"
    assert await world.rows() == all_rows(2)
    notices = await world.db.fetchval("select notices from runs where id = $1", world.run.id)
    assert "shared_row" in str(notices)


async def test_a_record_that_the_target_refuses_fails_alone(world: World) -> None:
    await world.target.execute("alter table items add check (id <> 7)")
    assert await world.handle(world.bundle(1)) == "S"
    assert await world.rows() == {i: 1 for i in range(MANY) if i != 7}
    assert await world.ledger.entries(world.run.stream, ["s7"]) == {}


async def test_no_answer_of_the_target_leaves_nothing_in_the_ledger(world: World) -> None:
    away = Failure(Category.TRANSIENT, "timeout", "no answer")
    fail_once(world.connector, "write", RetriableError(away.message, code=away.code))
    await world.handle(world.bundle(1))
    assert await world.versions() == set()
