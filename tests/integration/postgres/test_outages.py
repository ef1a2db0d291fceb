"""What the product's own database cannot do now is an outage, and never taken for a bug."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from syncline.domain.errors import RetriableError
from syncline.postgres.database.database import PATIENCE, Database, open_database

CLASSES = {
    "08006": True, "25006": True, "25P03": True, "28000": True, "28P01": True, "3D000": True,
    "40001": True, "40P01": True, "53100": True, "53200": True, "53300": True, "55P03": True,
    "57014": True, "57P01": True, "57P03": True, "58030": True, "XX000": True,
    "22003": False, "23505": False, "25P02": False, "42601": False, "42P01": False, "42501": False,
    "54001": False, "P0001": False,
}  # fmt: skip


@pytest.fixture
async def database(empty_postgres: str) -> AsyncIterator[Database]:
    async with open_database(empty_postgres, size=2) as made:
        yield made


@pytest.mark.parametrize(("state", "outage"), CLASSES.items())
async def test_the_class_of_the_sqlstate_decides(
    database: Database, state: str, outage: bool
) -> None:
    """As PostgreSQL itself says it, not by the driver's classes of errors."""
    sql = f"do $$ begin raise exception 'said so' using errcode = '{state}'; end $$"
    with pytest.raises(RetriableError if outage else asyncpg.PostgresError) as raised:
        await database.execute(sql)
    if outage:
        assert str(raised.value).startswith("PostgreSQL cannot work now: said so")


async def test_a_read_only_database_is_an_outage_until_it_is_writable(
    database: Database, empty_postgres: str
) -> None:
    await database.execute("create table t (n int)")
    name = urlsplit(empty_postgres).path[1:]
    await database.execute(f'alter database "{name}" set default_transaction_read_only = on')
    async with open_database(empty_postgres, size=1) as later:
        with pytest.raises(RetriableError, match="read-only"):
            await later.execute("insert into t values (1)")
    await database.execute("set default_transaction_read_only = off")
    await database.execute(f'alter database "{name}" reset default_transaction_read_only')
    async with open_database(empty_postgres, size=1) as later:
        assert await later.execute("insert into t values (1)") == 1


async def test_a_changed_password_is_an_outage(empty_postgres: str) -> None:
    url = urlsplit(empty_postgres)
    wrong = url._replace(netloc=f"{url.username}:other@{url.hostname}:{url.port}").geturl()
    with pytest.raises(RetriableError, match="password authentication failed"):
        async with open_database(wrong):
            pass


async def test_a_locked_row_is_waited_for_only_so_long(
    database: Database, empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATIENCE, "lock_timeout", "100ms")
    await database.execute("create table t as select 1 as n")
    async with open_database(empty_postgres, size=1) as other, database.transaction() as connection:
        await connection.execute("select * from t for update")
        with pytest.raises(RetriableError, match="lock timeout"):
            await other.execute("update t set n = 2")


async def test_a_transaction_that_nobody_goes_on_with_lets_go(
    database: Database, empty_postgres: str
) -> None:
    shown = await database.fetchval("show idle_in_transaction_session_timeout")
    assert shown == "2min"


async def test_a_pool_that_is_used_up_is_an_outage(
    empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncline.postgres.database.database.ACQUIRE_WITHIN", 0.1)
    async with open_database(empty_postgres, size=1) as database:
        async with database.transaction():
            with pytest.raises(RetriableError, match=r"no connection became free within 0\.1 s"):
                await database.fetchval("select 1")
        assert await database.fetchval("select 1") == 1


async def test_a_cancelled_caller_gives_its_connection_back(empty_postgres: str) -> None:
    async with open_database(empty_postgres, size=1) as database:
        for pause in (0.0, 0.001, 0.01):
            task = asyncio.create_task(database.fetchval("select pg_sleep(5)"))
            await asyncio.sleep(pause)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await database.fetchval("select 1") == 1
