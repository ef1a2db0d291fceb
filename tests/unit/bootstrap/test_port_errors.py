"""A port that a service cannot open is told as the setting that names it."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from syncline.bootstrap.life import Life
from syncline.bootstrap.port_errors import port_errors_explained
from syncline.bootstrap.settings import Settings
from syncline.cli.program.errors import explain
from syncline.domain.errors import InvalidInputError
from syncline.runtime.clock import InstallationClock
from syncline.runtime.process.health import HealthServer
from syncline_gateway.server import listen


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another socket has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def settings(**values: Any) -> Settings:
    needed = {"kafka_bootstrap": "localhost:9092", "postgres_dsn": "postgresql://localhost/x"}
    return Settings(_env_file=None, **needed | values)


async def begin(own: Settings) -> None:
    """Begin a service's work, which none of these ever reaches."""

    async def work() -> None:
        raise AssertionError

    database: Any = None
    async with AsyncExitStack() as stack:
        life = Life(own, InstallationClock(), asyncio.Event(), stack, database, "")
        await life.run("ingest", work, HealthServer(lambda: None, dict), {})


def told(error: Exception) -> tuple[int, str]:
    found = explain(error, {})
    return found.exit_code, " ".join(found.lines())


async def test_a_health_port_that_is_taken_is_named_with_its_setting(taken: int) -> None:
    with pytest.raises(InvalidInputError) as error:
        await begin(settings(health_host="127.0.0.1", health_port=taken))

    words = f"port {taken} of 127.0.0.1 is taken by another process: stop it, or set a free port"
    assert told(error.value) == (2, f"error: SYNCLINE_HEALTH_PORT: {words}")


def test_an_http_port_that_is_taken_is_named_with_its_setting(taken: int) -> None:
    with pytest.raises(InvalidInputError) as error:
        listen(settings(http_host="127.0.0.1", http_port=taken))

    words = f"port {taken} of 127.0.0.1 is taken by another process: stop it, or set a free port"
    assert told(error.value) == (2, f"error: SYNCLINE_HTTP_PORT: {words}")


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
async def test_a_host_that_is_not_of_this_machine_is_named(host: str) -> None:
    with pytest.raises(InvalidInputError) as http:
        listen(settings(http_host=host, http_port=18000))
    with pytest.raises(InvalidInputError) as health:
        await begin(settings(health_host=host, health_port=18000))

    for error, name in ((http, "SYNCLINE_HTTP_HOST"), (health, "SYNCLINE_HEALTH_HOST")):
        exit_code, words = told(error.value)
        assert exit_code == 2
        assert words.startswith(f"error: {name}: must be an address of this machine, not '{host}'")


@pytest.mark.parametrize(
    ("code", "setting", "words"),
    [
        (socket.EAI_NONAME, "SYNCLINE_HTTP_HOST", "must be an address of this machine"),
        (errno.EACCES, "SYNCLINE_HTTP_PORT", "port 80 of box may not be opened: set one above"),
        (
            errno.EMFILE,
            "SYNCLINE_HTTP_PORT",
            "port 80 of box cannot be opened: Too many open files",
        ),
    ],
)
def test_each_way_of_not_opening_names_its_setting(code: int, setting: str, words: str) -> None:
    with (
        pytest.raises(InvalidInputError) as error,
        port_errors_explained("SYNCLINE_HTTP", "box", 80),
    ):
        raise OSError(code, "as the system says it")

    assert told(error.value)[1].startswith(f"error: {setting}: {words}")
