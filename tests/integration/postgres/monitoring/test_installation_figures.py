"""Figures of the installation as the monitor reads them, by its own rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from syncline.domain.errors import Category, Failure
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.monitoring.installation_figures import InstallationFigureStore
from tests.support.configured import configure
from tests.support.service_roles import working_as
from tests.support.stored_runs import store_runs

_TIMES = """
update runs set state = $2, created_at = $3::timestamptz,
  started_at = $3::timestamptz + interval '1 s',
  finished_at = $3::timestamptz + interval '5 s' where id = $1
"""


@pytest.fixture
async def figures(postgres: str, configured: Database) -> AsyncIterator[InstallationFigureStore]:
    async with open_database(working_as(postgres, "monitor"), size=1) as database:
        yield InstallationFigureStore(database)


async def test_a_streams_newest_end_and_its_last_success(
    figures: InstallationFigureStore, configured: Database
) -> None:
    assert await figures.streams() == [], "it had no run"
    await configure(configured, instance="never-ran")
    runs = [str(uuid4()) for _ in range(3)]
    await store_runs(configured, runs)
    for run, state, day in zip(runs, ("succeeded", "failed", "cancelled"), (1, 2, 3), strict=True):
        await configured.execute(_TIMES, run, state, datetime(2026, 1, day, tzinfo=UTC))
    (stream,) = await figures.streams()
    assert (stream.instance, stream.entity_type, stream.is_failing) == ("erp-shop", "item", True)
    assert stream.succeeded_at is not None
    assert (stream.succeeded_at.day, stream.seconds) == (1, 4.0)
    await configured.execute("update instances set enabled = false")
    assert await figures.streams() == []


async def test_the_server_tells_its_size_and_sessions(figures: InstallationFigureStore) -> None:
    server = await figures.server()
    assert server.bytes > 1_000_000
    assert 0 < server.sessions <= server.most_sessions


async def test_open_breakers_and_pending_dead_letters_are_counted(
    figures: InstallationFigureStore, configured: Database
) -> None:
    assert (await figures.open_breakers(), await figures.pending_dead_letters()) == ([], 0)
    shop = str(await configured.fetchval("select id from profiles where name = 'erp-shop-shop'"))
    away = Failure(Category.PERMANENT, "login_refused", "401")
    await Breakers(configured).failed(shop, "default", away)
    assert [breaker.name for breaker in await figures.open_breakers()] == ["erp-shop-shop"]
