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
async def db(database: Database) -> AsyncIterator[Database]:
    """A database with one stream, the items of `erp-shop`; its books are audited at the end."""
    await configure(database)
    yield database
    assert await audit(database) == []
