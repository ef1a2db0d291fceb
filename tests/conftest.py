"""Fixtures of the whole test bench; the parts they are made of are in tests/support."""

from __future__ import annotations

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from syncline.embedded.kafka import java_with_kafka
from tests.support.certificates import Authority
from tests.support.kafka import KafkaPlace, kafka_broker
from tests.support.lent_databases import (
    LentDatabases,
    databases_with_tables,
    databases_without_tables,
)
from tests.support.mariadb import mariadb_server
from tests.support.postgres import postgres_server

gc.disable()  # until all is collected: what is imported stays
pytest_plugins = ["syncline.testing.connectors"]
# Tracebacks as plain text: drawing them costs more than most tests take.
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
)
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
_SERVERS = {
    "kafka": "kafka",
    "kafka_bootstrap": "kafka",
    "postgres": "postgres",
    "empty_postgres": "postgres",
    "postgres_admin": "postgres",
    "mariadb": "mariadb",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("syncline", "servers")
    group.addoption("--kafka", default="local", help="local, container or HOST:PORT")
    group.addoption("--postgres", default="local", help="local, container or a DSN")


_HERE = Path(__file__).parent
_ORDER = ("unit", "contract", "integration", "e2e", "browser", "apiserver", "chaos")
"""Fast tests first; the browser's installation, which its tests share, burdens no other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order tests, mark them by the servers they use, and keep unit tests free of servers."""
    items.sort(key=lambda item: _ORDER.index(_folder(item)))
    for item in items:
        used = {_SERVERS[name] for name in getattr(item, "fixturenames", ()) if name in _SERVERS}
        for marker in used:
            item.add_marker(marker)
        if used and _folder(item) == "unit":
            raise pytest.UsageError(f"{item.nodeid}: a unit test starts no server: {sorted(used)}")


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(_HERE).parts[0]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make Kafka ready before the tests, so that no test's time limit pays for it."""
    gc.collect()
    gc.freeze()  # no collection looks at it again
    gc.enable()
    wanted = any(item.get_closest_marker("kafka") for item in session.items)
    if wanted and session.config.option.kafka == "local" and not session.config.option.collectonly:
        asyncio.run(java_with_kafka(print))


@pytest.fixture(scope="session")
async def kafka_bootstrap(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Address of the session's broker."""
    async with kafka_broker(request.config.getoption("--kafka")) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="module")
def module_kafka(kafka_bootstrap: str) -> KafkaPlace:
    """The same for an installation that the tests of a module share: starting one takes long."""
    return KafkaPlace(kafka_bootstrap, f"t{secrets.token_hex(4)}.")


@pytest.fixture
def kafka(kafka_bootstrap: str) -> KafkaPlace:
    """The session's broker and a prefix that makes the test's topics and groups its own."""
    return KafkaPlace(kafka_bootstrap, f"t{secrets.token_hex(4)}.")


@pytest.fixture(scope="session")
async def postgres_admin(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """DSN of the session's PostgreSQL, for creating databases."""
    async with postgres_server(request.config.getoption("--postgres")) as dsn:
        yield dsn


@pytest.fixture(scope="session")
async def migrated_databases(postgres_admin: str) -> AsyncIterator[LentDatabases]:
    """Databases with all migrations applied, for tests to borrow."""
    lent = await databases_with_tables(postgres_admin)
    yield lent
    await lent.close()


@pytest.fixture(scope="session")
async def empty_databases(postgres_admin: str) -> AsyncIterator[LentDatabases]:
    """Databases without tables, for tests to borrow."""
    lent = databases_without_tables(postgres_admin)
    yield lent
    await lent.close()


@pytest.fixture(scope="module")
async def module_postgres(migrated_databases: LentDatabases) -> AsyncIterator[str]:
    """DSN of a database that the tests of a module share."""
    async with migrated_databases.borrowed() as dsn:
        yield dsn


@pytest.fixture
async def postgres(migrated_databases: LentDatabases) -> AsyncIterator[str]:
    """DSN of the test's own database with all migrations applied."""
    async with migrated_databases.borrowed() as dsn:
        yield dsn


@pytest.fixture
async def empty_postgres(empty_databases: LentDatabases) -> AsyncIterator[str]:
    """DSN of the test's own database without tables."""
    async with empty_databases.borrowed() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def mariadb_authority() -> Authority:
    """Who signed the certificate of the session's MariaDB."""
    return Authority()


@pytest.fixture(scope="session")
async def mariadb(mariadb_authority: Authority) -> AsyncIterator[str]:
    """URL of the session's MariaDB as its owner, for creating databases."""
    async with mariadb_server(mariadb_authority) as url:
        yield url
