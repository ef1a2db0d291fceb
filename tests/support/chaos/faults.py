"""What can go wrong around Syncline; each fault checks that it bites, and is healed at its end."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg
import msgspec
import pytest

from syncline.embedded.server import EmbeddedServer
from tests.support.chaos.processes import is_frozen, signal_tree
from tests.support.chaos.tcp_proxy import TcpProxy
from tests.support.chaos.world import World
from tests.support.eventually import eventually
from tests.support.installation import SERVICES
from tests.support.numbered import NumberedApi

Strike = Callable[[World, NumberedApi], AbstractAsyncContextManager[None]]
"""Breaks something while its block runs."""
MB = 2**20
BEYOND_SESSION = 10.0
"""Seconds after which Kafka has given a member's partitions to others, and more."""
LONG = 600.0
"""Seconds of faults that a person needs some time to mend."""
_READ_ONLY = "alter system set default_transaction_read_only = on"
_CUT = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


class Fault(msgspec.Struct, frozen=True):
    """A fault of the matrix.

    Attributes:
        seconds: that it lasts.
        short: whether it is part of every test run.
        trouble: share of the target's writes that fail or lose their answers all the time.
        hides: whether the target takes records meanwhile that nobody can count before the end.
    """

    name: str
    strike: Strike
    seconds: float = 1.0
    short: bool = False
    trouble: float = 0.0
    hides: bool = False


@asynccontextmanager
async def _killed(name: str, at: World, _api: NumberedApi) -> AsyncIterator[None]:
    assert await at.place.stop(name, signal.SIGKILL) == -signal.SIGKILL
    try:
        yield
    finally:
        await at.place.start(name)


@asynccontextmanager
async def _frozen(name: str, at: World, _api: NumberedApi) -> AsyncIterator[None]:
    process = at.place.processes[name]
    process.send_signal(signal.SIGSTOP)
    try:
        await eventually(lambda: is_frozen(process.pid))
        yield
    finally:
        process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def _zombie(name: str, at: World, api: NumberedApi) -> AsyncIterator[None]:
    """Freeze a process beyond its session while another one takes over, and let both work."""
    async with _second_member(name, at, api), _frozen(name, at, api):
        yield


@asynccontextmanager
async def _second_member(name: str, at: World, _api: NumberedApi) -> AsyncIterator[None]:
    other = f"{name}-2"
    await at.place.start(name, other)
    await at.place.ready()
    try:
        yield
    finally:
        at.place.ports.pop(other)
        assert await at.place.stop(other) == 0


@asynccontextmanager
async def _server_down(
    end: Callable[[EmbeddedServer], Awaitable[None]], server: EmbeddedServer
) -> AsyncIterator[None]:
    await end(server)
    try:
        await _assert_refused(server.port)
        yield
    finally:
        await server.start()


async def _kill(server: EmbeddedServer) -> None:
    assert server.pid is not None
    signal_tree(server.pid, signal.SIGKILL)
    await eventually(lambda: server.pid is None)


_server_killed = partial(_server_down, _kill)
_server_restarted = partial(_server_down, EmbeddedServer.end)
"""By `end`, which keeps its folder ours: another test run would take it for left over."""


@asynccontextmanager
async def _server_frozen(server: EmbeddedServer) -> AsyncIterator[None]:
    pid = server.pid
    assert pid is not None
    tree = signal_tree(pid, signal.SIGSTOP)
    try:
        await eventually(lambda: is_frozen(pid))
        yield
    finally:
        for each in reversed(tree):
            signal_tree(each, signal.SIGCONT)


async def _assert_refused(port: int) -> None:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return
    writer.close()
    raise AssertionError(f"somebody still listens on port {port}")


@asynccontextmanager
async def _disk_full(server: EmbeddedServer) -> AsyncIterator[None]:
    """Fill the disk of a server; what has ended by it is started again when there is room."""
    disk = server.folder.parent
    if not disk.is_mount():
        pytest.skip("this machine mounts no file system for us")
    ballast = disk / "ballast"
    try:
        _fill(ballast)
        assert shutil.disk_usage(disk).free < MB
        yield
    finally:
        ballast.unlink()
        await server.start()


def _fill(file: Path) -> None:
    """Write a file until its disk is full."""
    with file.open("wb") as ballast, suppress(OSError):
        for start in itertools.count(0, MB):
            os.posix_fallocate(ballast.fileno(), start, MB)


@asynccontextmanager
async def _postgres_read_only(at: World, _api: NumberedApi) -> AsyncIterator[None]:
    dsn = at.postgres.dsn()

    async def is_read_only() -> bool:
        try:
            await _execute(dsn, "insert into tenants (id) values ('never')")
        except asyncpg.ReadOnlySQLTransactionError:
            return True
        return False

    await _execute(dsn, _READ_ONLY, "select pg_reload_conf()")
    try:
        await eventually(is_read_only)
        yield
    finally:
        await _execute(
            dsn, "alter system reset default_transaction_read_only", "select pg_reload_conf()"
        )


@asynccontextmanager
async def _postgres_cut(at: World, _api: NumberedApi) -> AsyncIterator[None]:
    for _ in range(5):
        assert await _execute(at.postgres.dsn(), _CUT) > 0
        await asyncio.sleep(0.3)
    yield


async def _execute(dsn: str, *statements: str) -> int:
    """Execute statements, writes too where the server is read-only; return the last one's value."""
    writes = "insert" in statements[0]
    own = {} if writes else {"default_transaction_read_only": "off"}
    connection = await asyncpg.connect(dsn, server_settings=own)
    try:
        values = [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()
    return values[-1] or 0


@asynccontextmanager
async def _link_cut(link: TcpProxy) -> AsyncIterator[None]:
    before = link.broken
    link.cut()
    try:
        yield
    finally:
        link.mend()
    assert link.broken > before


@asynccontextmanager
async def _link_stalled(link: TcpProxy) -> AsyncIterator[None]:
    before = link.withheld
    link.stall()
    try:
        yield
    finally:
        link.mend()
    assert link.withheld > before


@asynccontextmanager
async def _target_slow(_at: World, api: NumberedApi) -> AsyncIterator[None]:
    before, api.seconds = len(api.asked), 3.0
    try:
        yield
    finally:
        api.seconds = 0.0
    assert len(api.asked) > before


@asynccontextmanager
async def _target_refuses(_at: World, api: NumberedApi) -> AsyncIterator[None]:
    port = int(api.url.rpartition(":")[2])
    await api.close()
    try:
        await _assert_refused(port)
        yield
    finally:
        await api.start(port=port)


@asynccontextmanager
async def _target_refuses_login(_at: World, api: NumberedApi) -> AsyncIterator[None]:
    before, api.login = len(api.asked), "Bearer another key"
    try:
        yield
    finally:
        api.login = None
    assert len(api.asked) > before


@asynccontextmanager
async def _target_troubled(
    lost_answers: float, _at: World, api: NumberedApi
) -> AsyncIterator[None]:
    before = api.troubled
    usual = api.trouble_rate, api.lost_answers
    api.trouble_rate, api.lost_answers = 0.5, lost_answers
    try:
        yield
    finally:
        api.trouble_rate, api.lost_answers = usual
    assert api.troubled > before


def _of(make: Callable[[EmbeddedServer], AbstractAsyncContextManager[None]], server: str) -> Strike:
    return lambda at, _api: make(getattr(at, server))


def _between(make: Callable[[TcpProxy], AbstractAsyncContextManager[None]], link: str) -> Strike:
    return lambda at, _api: make(getattr(at, link))


FAULTS = (
    *(
        Fault(f"{name}: kill -9", partial(_killed, name), trouble=0.05 if name == "retry" else 0.0)
        for name in (*SERVICES, "scheduler", "gateway")
    ),
    *(
        Fault(f"{name}: frozen for 10 s", partial(_frozen, name), BEYOND_SESSION)
        for name in ("ingest", "normalize", "finalize")
    ),
    Fault(
        "execute: frozen for 10 s, another takes over",
        partial(_zombie, "execute"),
        BEYOND_SESSION,
    ),
    Fault("execute: a second member joins and leaves", partial(_second_member, "execute"), 4.0),
    Fault("Kafka: kill -9", _of(_server_killed, "kafka"), short=True, hides=True),
    Fault("Kafka: frozen for 10 s", _of(_server_frozen, "kafka"), BEYOND_SESSION, hides=True),
    Fault("Kafka: restarted", _of(_server_restarted, "kafka"), hides=True),
    Fault("Kafka: disk full", _of(_disk_full, "kafka"), BEYOND_SESSION, hides=True),
    Fault("PostgreSQL: disk full", _of(_disk_full, "postgres"), BEYOND_SESSION),
    Fault("PostgreSQL: kill -9", _of(_server_killed, "postgres")),
    Fault("PostgreSQL: frozen for 10 s", _of(_server_frozen, "postgres"), BEYOND_SESSION),
    Fault("PostgreSQL: restarted", _of(_server_restarted, "postgres")),
    Fault("PostgreSQL: read-only", _postgres_read_only, 5.0),
    Fault("PostgreSQL: read-only for ten minutes", _postgres_read_only, LONG),
    Fault("PostgreSQL: disk full for ten minutes", _of(_disk_full, "postgres"), LONG),
    Fault("Kafka: disk full for ten minutes", _of(_disk_full, "kafka"), LONG, hides=True),
    Fault("PostgreSQL: connections cut", _postgres_cut),
    Fault("target: each answer takes 3 s", _target_slow, 6.0),
    Fault("target: refuses connections", _target_refuses, 5.0),
    Fault("target: refuses connections for ten minutes", _target_refuses, LONG),
    Fault("target: answers 401 for ten minutes", _target_refuses_login, LONG),
    Fault("target: half of the writes answered 503", partial(_target_troubled, 0.0), 5.0),
    Fault("target: half of the answers lost", partial(_target_troubled, 1.0), 5.0, short=True),
    Fault("execute - Kafka: cut", _between(_link_cut, "to_kafka"), 5.0),
    Fault("execute - Kafka: no byte passes", _between(_link_stalled, "to_kafka"), BEYOND_SESSION),
    Fault("execute - PostgreSQL: cut", _between(_link_cut, "to_postgres"), 5.0),
    Fault(
        "execute - PostgreSQL: no byte passes",
        _between(_link_stalled, "to_postgres"),
        BEYOND_SESSION,
    ),
)
"""The fault matrix; docs/faults.md says what happens, and where other faults are tested."""
