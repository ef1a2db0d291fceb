"""PostgreSQL tells which writers were open when it was read, so that none commits unseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from syncline.connectors.port import ExtractRequest, Page, SourceSnapshot
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.connectors.postgresql.source import open_writers
from syncline.domain.mapping.extraction import CursorType, Extraction
from tests.support.postgresql import connector_to, drop_role

BY_ID = Extraction(id_column="id", table="t", cursor_column="id", cursor_type=CursorType.ID)
NEVER = "0001-01-01T00:00:00+00:00"
Open = Callable[..., Awaitable[asyncpg.Connection]]


@pytest.fixture
async def session(empty_postgres: str) -> AsyncIterator[Open]:
    """Open sessions of others; they are gone at the end."""
    async with AsyncExitStack() as stack:

        async def opened(name: str = "erp", **said: Any) -> asyncpg.Connection:
            settings = {"application_name": name}
            connection: asyncpg.Connection = await asyncpg.connect(
                empty_postgres, server_settings=settings, **said
            )
            stack.push_async_callback(connection.close)
            return connection

        yield opened


@pytest.fixture
async def db(session: Open) -> asyncpg.Connection:
    connection = await session()
    await connection.execute("create table t (id bigserial primary key, at timestamptz)")
    await connection.execute("insert into t (at) select now() from generate_series(1, 3)")
    return connection


async def read(
    connector: PostgresqlConnector, position: str | None = None, size: int = 100
) -> list[Page]:
    request = ExtractRequest(BY_ID, position=position, page_size=size)
    return [page async for page in connector.extract(request)]


async def snapshot(connector: PostgresqlConnector) -> SourceSnapshot | None:
    (page,) = await read(connector)
    return page.snapshot


async def open_since(connector: PostgresqlConnector) -> str | None:
    found = await snapshot(connector)
    assert found is not None
    return found.open_since


async def begun(connection: asyncpg.Connection) -> str:
    """Begin a transaction, write nothing, and say when."""
    await connection.execute("begin")
    moment: datetime = await connection.fetchval("select now()")
    return moment.isoformat()


async def test_a_quiet_source_has_no_open_writers(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    before = await db.fetchval("select clock_timestamp()")
    found = await snapshot(connector)
    after = await db.fetchval("select clock_timestamp()")

    assert found is not None
    assert found.open_since is None
    assert before <= datetime.fromisoformat(found.taken_at) <= after


@pytest.mark.usefixtures("db")
async def test_the_oldest_open_transaction_counts_from_its_begin(
    connector: PostgresqlConnector, session: Open
) -> None:
    first, second = await session(), await session("syncline")
    since, later = await begun(first), await begun(second)
    await second.execute("insert into t (at) values (now())")

    assert await open_since(connector) == since
    await first.execute("rollback")
    assert await open_since(connector) == later
    await second.execute("commit")
    assert await open_since(connector) is None


@pytest.mark.usefixtures("db")
async def test_who_cannot_write_here_does_not_count(
    connector: PostgresqlConnector, session: Open
) -> None:
    elsewhere = await session(database="postgres")
    await begun(elsewhere)
    await begun(await session("pg_dump"))
    reading = connector.extract(ExtractRequest(BY_ID, page_size=1))
    await anext(reading)

    assert await open_since(connector) is None
    await reading.aclose()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("db")
async def test_who_writes_counts_whatever_name_it_goes_by(
    connector: PostgresqlConnector, session: Open
) -> None:
    for name in ("pg_dump", "syncline read"):
        forger = await session(name)
        since = await begun(forger)
        await forger.execute("insert into t (at) values (now())")

        assert await open_since(connector) == since
        await forger.execute("rollback")


async def test_times_that_are_written_to_the_second_are_not_passed_over(
    connector: PostgresqlConnector, db: asyncpg.Connection, session: Open
) -> None:
    """A writer that began at 10:00:00.6 may stamp 10:00:00, and stand before the end of a break."""
    by_time = Extraction(id_column="id", table="t", cursor_column="at")
    request = ExtractRequest(by_time, page_size=1)
    first: Any = await anext(aiter(connector.extract(request)))
    again: Any = [p async for p in connector.extract(replace(request, position=first.position))]
    assert first.snapshot.open_since is None
    assert {p.snapshot.open_since for p in again} == {to_the_second(first.snapshot.taken_at)}
    since = await begun(await session())
    held: Any = [p async for p in connector.extract(request)]
    assert {p.snapshot.open_since for p in held} == {to_the_second(since)}


def to_the_second(moment: str) -> str:
    return datetime.fromisoformat(moment).replace(microsecond=0).isoformat()


async def test_a_prepared_transaction_holds_everything_back(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    await db.execute("begin; insert into t (at) values (now()); prepare transaction 'p'")

    assert await open_since(connector) == NEVER
    await db.execute("commit prepared 'p'")
    assert await open_since(connector) is None


async def test_what_was_open_at_first_is_remembered_over_a_break(
    connector: PostgresqlConnector, db: asyncpg.Connection, session: Open
) -> None:
    writer = await session()
    since = await begun(writer)
    first, *_ = await read(connector, size=1)
    await writer.execute("commit")
    again, *_ = await read(connector, first.position, 1)
    once_more, *_ = await read(connector, again.position, 1)

    for page in (first, again, once_more):
        assert page.snapshot is not None
        assert page.snapshot.open_since == since


async def test_numbers_drawn_early_and_committed_late_are_not_passed_over(
    connector: PostgresqlConnector, db: asyncpg.Connection, session: Open
) -> None:
    sessions, stop = [await session() for _ in range(4)], asyncio.Event()

    async def write(writer: asyncpg.Connection, n: int) -> None:
        while not stop.is_set():
            await writer.execute(
                "begin; insert into t (at) values (clock_timestamp()); "
                f"select pg_sleep({n} * 0.003 * random()); commit"
            )

    marks = Marks()
    async with asyncio.TaskGroup() as writing:
        for n, writer in enumerate(sessions):
            writing.create_task(write(writer, n))
        for _ in range(25):
            (page,) = await read(connector, size=1_000_000)
            marks.take(page)
        stop.set()
    (page,) = await read(connector, size=1_000_000)
    marks.take(page)

    assert marks.passed_over == set()
    assert marks.moves > 2, "the bookmark moves on although the source never rests"


class Marks:
    """A bookmark of numbers that moves as Snapshot says that it may."""

    def __init__(self) -> None:
        self.passed_over: set[int] = set()
        self.moves = 0
        self._mark = 0
        self._seen: set[int] = set()
        self._waiting: list[tuple[int, str]] = []

    def take(self, page: Page) -> None:
        ids = {int(i) for i in page.ids}
        self.passed_over |= {i for i in ids - self._seen if i <= self._mark}
        self._seen |= ids
        assert page.snapshot is not None
        since = page.snapshot.open_since
        self._waiting.append((max(ids), page.snapshot.taken_at))
        for value, taken_at in self._waiting[:-1] if since else self._waiting:
            if since is None or since > taken_at:
                self.moves += value > self._mark
                self._mark = max(self._mark, value)


async def test_a_moment_that_was_not_quiet_counts_as_an_open_writer(
    connector: PostgresqlConnector, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_writers, "open_writers", disturbed := Disturbed(db))
    found = await snapshot(connector)

    assert found is not None
    assert found.open_since == disturbed.at
    assert found.open_since < found.taken_at


class Disturbed:
    """Somebody commits between the list of writers and the snapshot, each time."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self.at = ""
        self._db = db
        self._real = open_writers.open_writers

    async def __call__(self, connection: asyncpg.Connection) -> open_writers.OpenWriters | None:
        found = await self._real(connection)
        await self._db.execute("insert into t (at) values (now())")
        self.at = found.at.isoformat() if found else ""
        return found


class TestRights:
    @pytest.fixture
    async def reader(
        self, empty_postgres: str, db: asyncpg.Connection
    ) -> AsyncIterator[PostgresqlConnector]:
        login = f"reader_{empty_postgres[-12:]}"
        await db.execute(f"create role {login} login password 'r'; grant select on t to {login}")
        connector = connector_to(empty_postgres, "r", user=login)
        yield connector
        await connector.close()
        await drop_role(db, login)

    async def test_a_login_that_sees_no_others_knows_whether_there_are_any(
        self, reader: PostgresqlConnector, session: Open
    ) -> None:
        writer = await session()
        assert await open_since(reader) is None
        await begun(writer)
        assert await snapshot(reader) is None
        (page,) = await read(reader)
        assert (await read(reader, page.position)) == []
        await writer.execute("commit")
        assert await open_since(reader) is None

    async def test_what_was_not_told_at_first_is_not_known_after_a_break(
        self, reader: PostgresqlConnector, session: Open
    ) -> None:
        writer = await session()
        await begun(writer)
        first, *_ = await read(reader, size=1)
        await writer.execute("commit")

        assert [page.snapshot for page in await read(reader, first.position, 1)] == [None, None]

    async def test_the_remedy_is_named(
        self, reader: PostgresqlConnector, connector: PostgresqlConnector, db: asyncpg.Connection
    ) -> None:
        said = await reader.late_commits(BY_ID)
        login = await db.fetchval("select rolname from pg_roles where rolname ~ '^reader_'")

        assert said is not None
        assert f"grant pg_read_all_stats to {login}" in said
        assert "`lookback`" in said
        checks = await reader.test()
        assert all(check.ok for check in checks)
        assert [check.message for check in checks if check.part == "permission"] == [said]
        assert await connector.late_commits(BY_ID) is None
        assert await reader.late_commits(Extraction(id_column="id", table="t")) is None
        await db.execute(f"grant pg_read_all_stats to {login}")
        assert await reader.late_commits(BY_ID) is None

    async def test_with_the_right_others_are_seen(
        self, reader: PostgresqlConnector, db: asyncpg.Connection, session: Open
    ) -> None:
        login = await db.fetchval("select rolname from pg_roles where rolname ~ '^reader_'")
        await db.execute(f"grant pg_read_all_stats to {login}")
        writer = await session()
        since = await begun(writer)

        assert await open_since(reader) == since
