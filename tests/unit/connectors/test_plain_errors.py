"""What Test Connection says where a system is not reached: words for people, not Python's."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.actions.connections.connection_test import checks_of
from syncline.connectors.facts import Surroundings
from syncline.connectors.registry import connector_class
from syncline.connectors.system_errors import plain_text, plain_words
from tests.support.ports import free_port

MARKS = re.compile(r"\[Errno|_ssl\.c|\[SSL|\[X509|Error\b|\('|should have")
LOOPBACK = Surroundings(("127.0.0.0/8",))
SERVER: dict[str, Any] = {"database": "shop", "user": "sync"}
NAMES = ("http", "postgresql", "mysql", "mssql", "oracle", "kafka")


async def said(name: str, host: str, port: int, *, tls: bool) -> str:
    """Return what the test of a connector says of the part that fails."""
    config: dict[str, Any] = SERVER | {"host": host, "port": port}
    if name == "http":
        config = {"baseUrl": f"http{'s' if tls else ''}://{host}:{port}"}
    if name == "kafka":
        config = {"bootstrapServers": f"{host}:{port}", "tls": tls, "timeout": 2}
    if tls and name in ("postgresql", "mysql", "oracle"):
        config["sslmode"] = "require"
    connector = connector_class(name)(config, {"password": "s3cret"}, LOOPBACK)
    return next(check.message for check in await checks_of(connector) if not check.ok)


@pytest.mark.parametrize("name", NAMES)
async def test_a_port_where_nothing_listens(name: str) -> None:
    port = free_port()

    words = await said(name, "127.0.0.1", port, tls=False)

    assert "Connection refused" in words or name == "kafka"
    assert not MARKS.search(words), words


@pytest.mark.parametrize("name", NAMES)
async def test_a_name_that_is_not_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("syncline.connectors.addresses.resolve", unknown)

    words = await said(name, "nowhere.invalid", 5432, tls=False)

    assert re.search(r"name (of )?nowhere\.invalid(:5432)? is (not )?known", words), words
    assert not MARKS.search(words), words


@asynccontextmanager
async def plain_server() -> AsyncIterator[int]:
    """Serve what is neither TLS nor any of the protocols."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port := free_port()):
        yield port


@pytest.mark.parametrize("name", ["http", "postgresql", "mysql", "oracle", "kafka"])
async def test_a_port_without_tls(name: str) -> None:
    async with plain_server() as port:
        words = await said(name, "127.0.0.1", port, tls=True)

    assert not MARKS.search(words), words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("[Errno -2] Name or service not known", "Name or service not known"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate "
         "(_ssl.c:1006)", "self-signed certificate"),
        ("[X509: NO_CERTIFICATE_OR_CRL_FOUND] no certificate or crl found (_ssl.c:4149)",
         "no certificate or crl found"),
        ("Can't connect ([Errno 111] Connect call failed ('::1', 9, 0, 0))",
         "Can't connect (Connection refused (::1, port 9))"),
        ("two\n  lines", "two lines"),
    ],
)  # fmt: skip
def test_marks_of_python_and_openssl_are_left_out(text: str, plain: str) -> None:
    assert plain_text(text) == plain


def test_an_answer_that_is_no_tls_is_named() -> None:
    client = ssl.create_default_context().wrap_bio(read := ssl.MemoryBIO(), ssl.MemoryBIO())
    read.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(ssl.SSLError) as refused:
        client.do_handshake()

    assert plain_words(refused.value) == "the port does not speak TLS"
