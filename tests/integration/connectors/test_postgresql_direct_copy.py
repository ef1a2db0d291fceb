"""PostgreSQL as a target of new records in bulk: what COPY may write, and what it must not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from syncline.connectors.port import ConnectorError, WriteBatch, WriteResult
from syncline.connectors.postgresql.connector import PostgresqlConnector
from syncline.connectors.postgresql.target.direct_copy import LEAST, LEAST_BYTES
from syncline.contracts.messages import encode
from syncline.domain.columns import Columns
from syncline.testing.connectors.bulks import lines_of
from tests.support.postgresql import connector_to, drop_role

ITEMS = "create table items (id int primary key, n int not null default 5, note text)"
RUN = "01a218f0-d9ad-7980-81d9-14cf848cf7d5"
OTHER = "01a218f0-d9ad-7980-81d9-14cf848cf7d6"
FILTER = """
create function leaves_out() returns trigger language plpgsql
  as 'begin if new.id = 7 then return null; end if; return new; end';
create trigger leaves_out before insert on items for each row execute function leaves_out();
"""


class World:
    def __init__(self, dsn: str, database: asyncpg.Connection) -> None:
        self.dsn = dsn
        self.database = database
        self.connector = connector_to(dsn)

    async def write(
        self,
        start: int = 0,
        run: str = RUN,
        connector: PostgresqlConnector | None = None,
        records: int = LEAST,
        **changes: dict[int, Any],
    ) -> WriteResult:
        """Write new items; `changes` are values of columns by ID."""
        ids = range(start, start + records)
        values: dict[str, list[Any]] = {"id": list(ids), "note": [f"item {i}" for i in ids]}
        for name, own in changes.items():
            for place, value in own.items():
                values[name][place] = value
        columns = Columns(records, values)
        count = [None] * records
        batch = WriteBatch(
            "default", "item", run, [f"s{i}" for i in ids], list(map(encode, columns.records())),
            list(count), [], ("id",), {"table": "items"}, columns=columns,
            lines=lines_of(columns), new=True,
        )  # fmt: skip
        return await (connector or self.connector).write(batch)

    async def rows(self) -> dict[int, tuple[int, str]]:
        found = await self.database.fetch("select id, n, note from items")
        return {row[0]: (row[1], row[2]) for row in found}


@pytest.fixture
async def world(empty_postgres: str) -> AsyncIterator[World]:
    database = await asyncpg.connect(empty_postgres)
    world = World(empty_postgres, database)
    await database.execute(ITEMS)
    yield world
    await world.connector.close()
    await database.close()


def expected(count: int = LEAST) -> dict[int, tuple[int, str]]:
    return {i: (5, f"item {i}") for i in range(count)}


async def test_new_rows_are_created(world: World) -> None:
    first, second = await world.write(), await world.write(LEAST)
    assert first == WriteResult([str(i) for i in range(LEAST)], created=True)
    assert second.created
    assert await world.rows() == expected(2 * LEAST)


async def test_a_few_long_rows_are_created_so_too_and_a_few_short_ones_are_not(
    world: World,
) -> None:
    long = dict.fromkeys(range(10), "x" * (LEAST_BYTES // 10))
    assert (await world.write(records=10, note=long)).created
    assert not (await world.write(10, records=10)).created
    assert [len(note) for _, note in (await world.rows()).values()][:10] == [20_000] * 10


async def test_a_row_that_is_there_is_updated_and_the_run_goes_on_by_upsert(world: World) -> None:
    await world.database.execute("insert into items values (1, 9, 'old'), (999999, 9, 'other')")
    result = await world.write()
    assert (result.created, result.failures) == (False, {})
    wanted = expected() | {1: (9, "item 1"), 999999: (9, "other")}
    assert await world.rows() == wanted
    assert not (await world.write(LEAST)).created
    assert (await world.write(2 * LEAST, run=OTHER)).created


async def test_a_bulk_that_comes_again_changes_nothing(world: World) -> None:
    await world.write()
    assert (await world.write()).failures == {}
    assert await world.rows() == expected()


async def test_a_refused_value_fails_its_record_alone(world: World) -> None:
    await world.database.execute("alter table items add check (note <> 'no')")
    result = await world.write(note={3: "no"})
    assert list(result.failures) == [3]
    assert not result.created
    assert await world.rows() == {i: row for i, row in expected().items() if i != 3}


async def test_a_trigger_may_leave_rows_out(world: World) -> None:
    await world.write(LEAST)  # so the table's description is known already
    await world.database.execute(FILTER)
    result = await world.write()
    assert [f.code for f in result.failures.values()] == ["value_refused"]
    assert list(result.failures) == [7]
    assert 7 not in await world.rows()


async def test_a_rule_is_refused_as_ever(world: World) -> None:
    await world.database.execute(
        """create table other (id int);
        create rule also as on insert to items do also insert into other values (new.id)"""
    )
    with pytest.raises(ConnectorError, match="rules"):
        await world.write()
    assert await world.rows() == {}


async def test_partitions_and_row_security_are_left_to_the_upsert(world: World) -> None:
    await world.database.execute(
        """drop table items;
        create table items (id int primary key, n int not null default 5, note text)
          partition by range (id);
        create table part partition of items default"""
    )
    assert not (await world.write()).created
    assert await world.rows() == expected()


async def test_row_security_lets_in_what_it_lets_in(world: World) -> None:
    await world.database.execute(
        f"""create role limited_{world.database.get_server_pid()} login password 'x';
        grant select, insert, update on items to limited_{world.database.get_server_pid()};
        grant usage on schema public to limited_{world.database.get_server_pid()};
        alter table items enable row level security;
        create policy most on items using (true) with check (id <> 7)"""
    )
    user = f"limited_{world.database.get_server_pid()}"
    limited = connector_to(world.dsn, "x", user=user)
    try:
        result = await world.write(connector=limited)
        assert list(result.failures) == [7]
        assert 7 not in await world.rows()
    finally:
        await limited.close()
        await drop_role(world.database, user)


async def test_a_column_that_is_demanded_and_missing_is_told_as_ever(world: World) -> None:
    await world.database.execute("alter table items alter n drop default")
    result = await world.write()
    assert len(result.failures) == LEAST
    assert await world.rows() == {}
