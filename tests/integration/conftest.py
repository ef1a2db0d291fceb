"""A test's own database, opened."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from tests.support.configured import configure


@pytest.fixture
async def database(postgres: str) -> AsyncIterator[Database]:
    """A database without any configuration."""
    async with open_database(postgres) as database:
        yield database


@pytest.fixture
async def configured(database: Database) -> Database:
    """A database with one stream, the items of `erp-shop`."""
    await configure(database)
    return database


@pytest.fixture
async def db(configured: Database) -> AsyncIterator[Database]:
    """The same; its books are audited at the end."""
    yield configured
    assert await audit(configured) == []
