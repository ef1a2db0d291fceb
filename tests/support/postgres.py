"""The PostgreSQL of a test session, and a database of its own for each test."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
from testcontainers.core.container import DockerContainer

from syncline.embedded.postgres import EmbeddedPostgres
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.ports import free_port

IMAGE = "postgres:18"


def postgres_server(choice: str) -> AbstractAsyncContextManager[str]:
    """Provide a server; `choice` is local, container or a DSN whose user may create databases.

    Gives a DSN for administration.
    """
    if choice == "local":
        return _local()
    if choice == "container":
        return _container()
    return _running(choice)


async def create_database(server: str, template: str = "template1") -> str:
    """Create a database from a template and return its name."""
    name = f"t_{secrets.token_hex(6)}"
    await _execute(server, f"create database {name} template {template}")
    return name


async def drop_database(server: str, name: str) -> None:
    """Drop a database, whoever uses it."""
    await _execute(server, f"drop database if exists {name} with (force)")


def database_of(server: str, name: str) -> str:
    """Return the DSN of another database of a server."""
    return urlsplit(server)._replace(path=f"/{name}").geturl()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def _running(dsn: str) -> AsyncIterator[str]:
    yield dsn


@asynccontextmanager
async def _local() -> AsyncIterator[str]:
    unsafe = {"fsync": "off", "full_page_writes": "off"}  # the data never outlives the session
    unsafe["max_prepared_transactions"] = "5"
    # A table that was vacuumed while it was empty is planned for as an empty one when it is filled
    # again, within a minute: statements then read all of it for each row.
    unsafe["autovacuum"] = "off"
    # Else each of thousands of connections would derive its key from the password 4,096 times.
    unsafe["scram_iterations"] = "1"
    async with (
        server_folder("postgres") as folder,
        EmbeddedPostgres(folder, free_port(), settings=unsafe) as server,
    ):
        dsn = server.dsn()
        owner = urlsplit(dsn)
        await _execute(dsn, f"alter role {owner.username} password '{owner.password}'")
        yield dsn


@asynccontextmanager
async def _container() -> AsyncIterator[str]:
    port = free_port()
    password = secrets.token_hex(8)
    container = DockerContainer(IMAGE).with_bind_ports(5432, port)
    container = container.with_envs(POSTGRES_USER="syncline", POSTGRES_PASSWORD=password)
    await asyncio.to_thread(container.start)
    dsn = f"postgresql://syncline:{password}@127.0.0.1:{port}/syncline"
    try:
        await eventually(lambda: _answers(dsn), within=60)
        yield dsn
    finally:
        await asyncio.to_thread(container.stop)


async def _answers(dsn: str) -> bool:
    try:
        await _execute(dsn, "select 1")
    except (OSError, asyncpg.PostgresError):
        return False
    return True
