"""An HTTP server on loopback whose every answer a test writes, to the byte."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from syncline.connectors.http import HttpConnector
from syncline.connectors.port import ExtractRequest, Page
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from tests.support.http_world import LOOPBACK


class Call(msgspec.Struct, frozen=True):
    """A request: its path, its query, and its number, from 0."""

    number: int
    path: str
    query: dict[str, str]


class Said(msgspec.Struct):
    """An answer: `body` is sent as it is where it is bytes, else as JSON.

    Attributes:
        headers: further lines; a name may come more than once.
        length: what Content-Length claims; None tells the truth, -1 sends none and chunks instead.
        cut: bytes of the body after which the connection ends.
    """

    body: Any = b""
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    length: int | None = None
    cut: int | None = None


Script = Callable[[Call], "Said | dict[str, Any] | list[Any] | bytes"]


class ScriptedApi:
    """Answers by a script; `calls` are the requests that came."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.url = ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while await self._answered(reader, writer):
                pass
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if length := re.search(r"(?i)content-length: (\d+)", head):
            await reader.readexactly(int(length[1]))
        parts = urlsplit(head.split(" ", 2)[1])
        call = Call(len(self.calls), parts.path, dict(parse_qsl(parts.query)))
        self.calls.append(call)
        said = self.script(call)
        if not isinstance(said, Said):
            said = Said(said)
        body = said.body if isinstance(said.body, bytes) else msgspec.json.encode(said.body)
        lines = [f"HTTP/1.1 {said.status} Said", *(f"{n}: {v}" for n, v in said.headers)]
        if "content-type" not in {name.lower() for name, _ in said.headers}:
            lines.append("Content-Type: application/json")
        if said.length == -1:
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif said.status not in (204, 304):
            lines.append(f"Content-Length: {len(body) if said.length is None else said.length}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body[: said.cut])
        await writer.drain()
        return said.cut is None and said.length in (None, -1)


@asynccontextmanager
async def scripted(
    script: Script, **config: Any
) -> AsyncIterator[tuple[ScriptedApi, HttpConnector]]:
    """Give the server and a connector to it."""
    api = ScriptedApi(script)
    await api.start()
    connector = HttpConnector({"baseUrl": api.url} | config, {}, LOOPBACK)
    try:
        yield api, connector
    finally:
        await connector.close()
        await api.close()


def reading(paging: dict[str, Any] | None = None, **changes: Any) -> Extraction:
    """Return an extraction of `/items`: records in `data`, each with `id` and `ts`."""
    options = {"records": "data"} | changes.pop("options", {})
    given: dict[str, Any] = {
        "mode": ExtractionMode.API,
        "endpoint": "/items",
        "id_column": "id",
        "cursor_column": "ts",
        "parameters": {"since": "{cursor}"},
        "paging": paging,
    }
    made = Extraction(**(given | changes), options=options)
    assert HttpConnector.extraction_problems(made) == []
    return made


async def read(connector: HttpConnector, extraction: Extraction, **request: Any) -> list[Page]:
    return [page async for page in connector.extract(ExtractRequest(extraction, **request))]


def ids_of(pages: Sequence[Page]) -> list[str]:
    return [id_ for page in pages for id_ in page.ids]


def item(n: int, **more: Any) -> dict[str, Any]:
    """Return a record whose time of change rises with its number."""
    return {"id": str(n), "ts": f"2026-05-01T08:{n // 60:02}:{n % 60:02}Z"} | more
