"""The primary is found among several hosts, whatever the others do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from syncline.domain.errors import RetriableError
from syncline.postgres.database import primary
from syncline.postgres.database.database import open_database
from tests.support.ports import free_port


@pytest.fixture
def silent() -> Iterator[str]:
    """A machine that takes a connection, and never says anything."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        host, port = server.getsockname()
        yield f"{host}:{port}"


def with_hosts(dsn: str, *others: str) -> str:
    """Return a DSN that names other hosts before its own."""
    url = urlsplit(dsn)
    login, _, own = url.netloc.rpartition("@")
    return url._replace(netloc=f"{login}@{','.join([*others, own])}").geturl()


async def test_hosts_that_are_silent_or_away_are_passed_over(
    empty_postgres: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(primary, "HOST_WITHIN", 2.0)
    dsn = with_hosts(empty_postgres, silent, f"127.0.0.1:{free_port()}")
    async with open_database(dsn, size=1) as database:
        assert await database.fetchval("select 1") == 1


async def test_a_host_that_takes_no_changes_is_passed_over(
    empty_postgres: str, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(primary, "HOST_WITHIN", 2.0)
    name = urlsplit(empty_postgres).path[1:]
    async with open_database(empty_postgres, size=1) as database:
        await database.execute(f'alter database "{name}" set default_transaction_read_only = on')
    with pytest.raises(RetriableError, match=r"TimeoutError; 127.0.0.1:\d+: None of the hosts"):
        async with open_database(with_hosts(empty_postgres, silent), size=1):
            pass


async def test_a_connection_ends_with_the_machine_of_its_server(empty_postgres: str) -> None:
    connection = await primary.connect(empty_postgres)
    link = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == primary.LOST_AFTER * 1000
    await connection.close()
