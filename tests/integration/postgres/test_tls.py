"""PostgreSQL over TLS, for the product's own database.

The embedded server is built without TLS, so a doorman in front of it speaks the protocol's own
beginning (SSLRequest, `S`, handshake) and passes the rest on.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syncline.domain.errors import RetriableError
from syncline.postgres.database.database import open_database
from tests.support.certificates import Authority

SSL_REQUEST = 8


class Doorman:
    """Takes TLS connections for a PostgreSQL; `encrypted` counts them."""

    def __init__(self, dsn: str, context: ssl.SSLContext) -> None:
        url = urlsplit(dsn)
        self._behind = (url.hostname, url.port)
        self._context = context
        self.encrypted = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await reader.readexactly(SSL_REQUEST)
            writer.write(b"S")
            await writer.start_tls(self._context)
            self.encrypted += 1
            inner_reader, inner_writer = await asyncio.open_connection(*self._behind)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass_on(reader, inner_writer))
                group.create_task(_pass_on(inner_reader, writer))
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def secured(postgres: str, tmp_path: Path) -> AsyncIterator[tuple[str, Path, Doorman]]:
    """DSN of the doorman, the file with its authority's certificate, and the doorman."""
    authority = Authority()
    own = authority.sign()
    for name, text in (("ca", authority.certificate), ("own", own.certificate), ("key", own.key)):
        (tmp_path / name).write_text(text)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "own", tmp_path / "key")
    doorman = Doorman(postgres, context)
    server = await asyncio.start_server(doorman.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = urlsplit(postgres)
    dsn = url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{port}").geturl()
    yield dsn, tmp_path / "ca", doorman
    server.close()


async def test_the_certificate_is_checked(secured: tuple[str, Path, Doorman]) -> None:
    dsn, authority, doorman = secured
    verified = f"{dsn}?sslmode=verify-full&sslrootcert={authority}"
    async with open_database(verified, size=1) as database:
        assert await database.fetchval("select 1") == 1
    assert doorman.encrypted == 1


async def test_another_authority_is_not_trusted(
    secured: tuple[str, Path, Doorman], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text(Authority().certificate)
    with pytest.raises(RetriableError, match="certificate verify failed"):
        async with open_database(f"{secured[0]}?sslmode=verify-full&sslrootcert={other}"):
            pass
    assert secured[2].encrypted == 0
