"""Where the PostgreSQL connector connects: to checked addresses alone, with nothing of ours."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.connectors.port import ConnectorError, ExtractRequest, Surroundings
from syncline.connectors.postgresql import PostgresqlConnector
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.postgres_tls import with_tls
from tests.support.postgresql import config_of

ONE = Extraction(id_column="id", mode=ExtractionMode.SQL, sql="select 1 as id")
LOOPBACK = Surroundings(("127.0.0.0/8",))
CLEARTEXT = struct.pack("!cii", b"R", 8, 3)
"""The server asks for the password as it is."""


def connector_of(
    dsn: str, around: Surroundings = LOOPBACK, names: dict[str, str] | None = None, **changes: Any
) -> PostgresqlConnector:
    """Return a connector; `names` is what names resolve to."""
    secrets = {"password": urlsplit(dsn).password or ""}
    if names is None:
        return PostgresqlConnector(config_of(dsn) | changes, secrets, around)

    async def resolved(host: str, _port: int) -> list[str]:
        return [names[host]]

    return PostgresqlConnector(config_of(dsn) | changes, secrets, around, resolved)


async def read(connector: PostgresqlConnector) -> list[str]:
    return [
        i for page in [p async for p in connector.extract(ExtractRequest(ONE))] for i in page.ids
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "localhost"])
async def test_a_private_address_is_refused_in_every_call(postgres: str, host: str) -> None:
    connector = connector_of(postgres, Surroundings(), host=host)
    for call in (read(connector), connector.fetch(ONE, ["1"]), connector.describe(ONE)):
        with pytest.raises(ConnectorError, match="may not be called") as refused:
            await call
        assert refused.value.failure.code == "address_not_allowed"
    (check,) = await connector.test()
    assert (check.part, check.ok) == ("host", False)
    await connector.close()


async def test_an_own_server_needs_an_entry_with_its_port(postgres: str) -> None:
    own = f"127.0.0.1:{urlsplit(postgres).port}"
    around = Surroundings(("127.0.0.0/8",), (), (own,))
    with pytest.raises(ConnectorError, match="may not be called"):
        await read(connector_of(postgres, around))
    named = Surroundings(("127.0.0.0/8", own), (), (own,))
    assert await read(connector_of(postgres, named)) == ["1"]


async def test_a_refusal_tells_nothing_of_what_listens_there(postgres: str) -> None:
    """The same text whether something listens, refuses, or nobody answers."""
    said = set()
    for place in (f"127.0.0.1:{urlsplit(postgres).port}", "127.0.0.1:9", "10.255.255.1:5432"):
        host, _, port = place.partition(":")
        connector = connector_of(postgres, Surroundings(), host=host, port=int(port))
        (check,) = await connector.test()
        text = check.message.replace(place, "PLACE")
        said.add(text.replace(f"{host} may", "HOST may").replace(f"port {port}:", "port PORT:"))
    assert len(said) == 1, said


@pytest.mark.parametrize("host", ["/var/run/postgresql", "/tmp", "@abstract"])
def test_a_socket_cannot_be_a_profiles_host(postgres: str, host: str) -> None:
    (problem,) = PostgresqlConnector.config_problems(config_of(postgres) | {"host": host}, {})
    assert problem.path == "$.config.host"
    assert "socket" in problem.message


@asynccontextmanager
async def greedy_server() -> AsyncIterator[tuple[int, list[bytes]]]:
    """Run a server that refuses TLS and asks for the password: its port, and what it was given."""
    given: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!i", await reader.readexactly(4))
        start = await reader.readexactly(size - 4)
        if len(start) == 4:
            writer.write(b"N")
            (size,) = struct.unpack("!i", await reader.readexactly(4))
            start = await reader.readexactly(size - 4)
        writer.write(CLEARTEXT)
        given.append(start + (await reader.read(1000)))
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], given
    server.close()


async def test_no_password_of_the_service_is_given_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".pgpass").write_text("*:*:*:*:of-the-home\n")
    (home / ".pgpass").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PGPASSFILE", str(home / ".pgpass"))
    for without in (None, "PGPASSWORD"):
        if without is None:
            monkeypatch.setenv("PGPASSWORD", "of-the-environment")
        else:
            monkeypatch.delenv(without)
        async with greedy_server() as (port, given):
            config = {"host": "127.0.0.1", "port": port, "database": "d", "user": "u"}
            connector = PostgresqlConnector(config, {}, LOOPBACK)
            await connector.test()
        assert given
        assert not [text for text in given if b"of-the" in text]


async def test_no_certificate_of_the_service_is_asked_for(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that cannot be read would break the connection, were it read."""
    for name in ("PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLCRL"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("PGTARGETSESSIONATTRS", "standby")
    monkeypatch.setenv("PGSSLNEGOTIATION", "nonsense")
    assert await read(connector_of(postgres, sslmode="prefer")) == ["1"]


class TestTls:
    async def test_certificates_are_checked_for_the_name(
        self, postgres: str, tmp_path: Path
    ) -> None:
        """The certificate holds 127.0.0.1 too, which is what is connected to."""
        async with with_tls(postgres, tmp_path) as (dsn, authority, doorman):
            said = {"sslmode": "verify-full", "sslrootcert": str(authority)}
            names = {"localhost": "127.0.0.1", "db.example": "127.0.0.1"}
            assert await read(connector_of(dsn, LOOPBACK, names, host="localhost", **said)) == ["1"]
            assert doorman.encrypted == 1
            with pytest.raises(ConnectorError, match=r"db\.example"):
                await read(connector_of(dsn, LOOPBACK, names, host="db.example", **said))

    @pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca"])
    async def test_other_modes_encrypt_too(self, postgres: str, tmp_path: Path, mode: str) -> None:
        async with with_tls(postgres, tmp_path) as (dsn, authority, doorman):
            said = {"sslmode": mode, "sslrootcert": str(authority)}
            names = {"db.example": "127.0.0.1"}
            assert await read(connector_of(dsn, LOOPBACK, names, host="db.example", **said)) == [
                "1"
            ]
            assert doorman.encrypted == 1

    async def test_a_server_without_tls_is_refused_where_it_is_required(
        self, postgres: str
    ) -> None:
        assert await read(connector_of(postgres, sslmode="prefer")) == ["1"]
        with pytest.raises(RetriableError, match="SSL"):
            await read(connector_of(postgres, sslmode="require"))


async def test_the_address_that_was_checked_is_the_one_connected_to(postgres: str) -> None:
    """A name that means another address the next time gains nothing by it."""
    answers = iter([["127.0.0.1"], ["10.0.0.9"]])

    async def rebound(_host: str, _port: int) -> list[str]:
        return next(answers)

    secrets = {"password": urlsplit(postgres).password or ""}
    config = config_of(postgres) | {"host": "rebound.example"}
    connector = PostgresqlConnector(config, secrets, LOOPBACK, rebound)
    assert (await connector.fetch(ONE, ["1"])).ids == ["1"]
    await connector.close()
    with pytest.raises(ConnectorError, match="may not be called"):
        await connector.fetch(ONE, ["1"])
