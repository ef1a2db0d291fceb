"""PostgreSQL over TLS, for tests.

The embedded server is built without TLS, so a doorman in front of it speaks the protocol's own
beginning (SSLRequest, `S`, handshake) and passes the rest on.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

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


@asynccontextmanager
async def with_tls(dsn: str, folder: Path) -> AsyncIterator[tuple[str, Path, Doorman]]:
    """Put a doorman before a server: its DSN, the file of its authority's certificate, and it."""
    authority = Authority()
    own = authority.sign()
    for name, text in (("ca", authority.certificate), ("own", own.certificate), ("key", own.key)):
        (folder / name).write_text(text)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "own", folder / "key")
    doorman = Doorman(dsn, context)
    server = await asyncio.start_server(doorman.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = urlsplit(dsn)
    yield (
        url._replace(netloc=f"{url.username}:{url.password}@127.0.0.1:{port}").geturl(),
        folder / "ca",
        doorman,
    )
    server.close()
