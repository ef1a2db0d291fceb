"""A connection that has read serves the next read, and nothing of the one before is left in it."""

from __future__ import annotations

import gc
from contextlib import aclosing
from unittest.mock import AsyncMock

import asyncpg
import pytest

from syncline.connectors.port import ExtractRequest, Page
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.connectors.postgresql.source import reading_connections
from syncline.connectors.postgresql.source.copy_stream import CopyStream
from syncline.domain.errors import FailureError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.eventually import eventually

PID = "select pg_backend_pid() || '-' || n as id from generate_series(1, 3) n"
SESSIONS = "select count(*) = $1 from pg_stat_activity where application_name = 'syncline read'"


async def read(connector: PostgresqlConnector, sql: str = PID, size: int = 100) -> str:
    """Read to the end; return the number before the dash of the first ID: the session's."""
    extraction = Extraction(mode=ExtractionMode.SQL, id_column="id", sql=sql)
    request = ExtractRequest(extraction, page_size=size)
    first, *_ = [page async for page in connector.extract(request)]
    return pid(first)


def pid(page: Page) -> str:
    return page.ids[0].partition("-")[0]


async def sessions(db: asyncpg.Connection, count: int) -> None:
    """Wait until so many sessions read."""
    await eventually(lambda: db.fetchval(SESSIONS, count))


async def test_reads_that_follow_each_other_share_a_connection(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    first = await read(connector)
    assert await read(connector) == first
    idle = "select state = 'idle' and xact_start is null from pg_stat_activity where pid = $1"
    assert await db.fetchval(idle, int(first))
    await connector.close()
    await sessions(db, 0)
    assert await read(connector) != first  # a connector that was closed keeps none
    await sessions(db, 0)


async def test_reads_at_one_time_have_connections_of_their_own(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    extraction = Extraction(mode=ExtractionMode.SQL, id_column="id", sql=PID)
    reads = [connector.extract(ExtractRequest(extraction, page_size=1)) for _ in range(4)]
    pages = [await anext(pages) for pages in reads]
    assert len({pid(page) for page in pages}) == 4
    for rest in reads:
        assert [page async for page in rest]
    await sessions(db, reading_connections.KEPT)


async def test_a_read_that_is_broken_off_ends_its_session(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    extraction = Extraction(mode=ExtractionMode.SQL, id_column="id", sql=PID)
    async with aclosing(connector.extract(ExtractRequest(extraction, page_size=1))) as pages:  # type: ignore[type-var]
        await anext(pages)
    await sessions(db, 0)
    with pytest.raises(FailureError):
        await read(connector, "select 1 / (3 - n) as id from generate_series(1, 3) n")
    await sessions(db, 0)


async def test_a_read_that_is_broken_off_keeps_nothing_of_what_it_has_read(
    connector: PostgresqlConnector,
) -> None:
    """It would stay for thousands of runs: a service hardly ever looks for cycles."""
    many = "select n as id, repeat('x', 1000) as text from generate_series(1, 5000) n"
    extraction = Extraction(mode=ExtractionMode.SQL, id_column="id", sql=many)
    gc.collect()  # of other tests
    gc.disable()
    try:
        async with aclosing(connector.extract(ExtractRequest(extraction, page_size=1))) as pages:  # type: ignore[type-var]
            await anext(pages)
        assert [each for each in gc.get_objects() if isinstance(each, CopyStream)] == []
    finally:
        gc.enable()


async def test_a_session_that_the_server_ended_meanwhile_is_replaced(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    first = await read(connector)
    await db.fetchval("select pg_terminate_backend($1, 5000)", int(first))
    assert await read(connector) != first


async def test_a_read_leaves_nothing_in_the_session(
    connector: PostgresqlConnector, db: asyncpg.Connection
) -> None:
    first = await read(
        connector,
        "select pg_backend_pid()::text as id, set_config('search_path', 'pg_temp', false) as path,"
        " pg_advisory_lock(7)::text as lock",
    )
    assert await db.fetchval("select pg_try_advisory_lock(7)")
    session = "select pg_backend_pid()::text as id"
    assert await read(connector, f"{session} where current_schema() = 'public'") == first


async def test_an_old_connection_begins_no_read(
    connector: PostgresqlConnector, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_connections, "USED_FOR", 0.3)
    first = await read(connector)
    await sessions(db, 0)
    monkeypatch.setattr(reading_connections, "USED_FOR", 0.0)
    assert len({first, await read(connector), await read(connector)}) == 3


async def test_a_session_that_is_about_to_end_is_replaced(
    connector: PostgresqlConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver has heard of the end, and the socket is still open: it says so by this error."""
    first = await read(connector)
    (kept,) = connector._reading._idle
    ended = AsyncMock(side_effect=asyncpg.InternalClientError("another operation is in progress"))
    monkeypatch.setattr(type(kept), "execute", ended)
    taking = await connector._reading.take()
    monkeypatch.undo()
    connector._reading.drop(taking)
    assert await read(connector) != first
