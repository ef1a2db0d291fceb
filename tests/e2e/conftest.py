"""Installations: one for a test, or one that the tests of a module share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from tests.support.erp_shop import store_erp_shop
from tests.support.installation import Installation, installation
from tests.support.kafka import KafkaPlace


@pytest.fixture
async def place(kafka: KafkaPlace, postgres: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """All pipeline services, for one test."""
    async with installation(kafka, postgres, tmp_path) as place:
        yield place


@pytest.fixture
async def db(place: Installation) -> AsyncIterator[Database]:
    """The test's database, with `erp-shop` in it; its books are audited at the end."""
    async with open_database(place.dsn) as database:
        await store_erp_shop(database, place)
        yield database
        assert await audit(database) == []


@pytest.fixture(scope="module")
async def module_place(
    module_kafka: KafkaPlace, module_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """All pipeline services, for all tests of a module; its books are audited at the end."""
    logs = tmp_path_factory.mktemp("logs")
    async with (
        installation(module_kafka, module_postgres, logs) as place,
        open_database(place.dsn) as database,
    ):
        yield place
        assert await audit(database) == []


@pytest.fixture(scope="module")
async def api(place: Installation) -> AsyncIterator[httpx.AsyncClient]:
    """A Platform Admin's client of a gateway; for modules whose `place` is that of the module."""
    async with await place.start_gateway() as client:
        yield client
