"""The small HTTP server of every service: /healthz, /readyz, /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec

from syncline.telemetry.metrics import exposition

Check = Callable[[], str | None]
"""Returns what is wrong, or None."""


class HealthServer:
    """Answers on one port.

    /healthz fails only when the event loop hangs: an outage of the broker or the database must not
    make an orchestrator restart every service. /readyz names what is missing.
    """

    def __init__(self, alive: Check, ready: Callable[[], dict[str, str | None]]) -> None:
        self._alive = alive
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; not at all on port 0. Raises OSError when the port is taken."""
        if port:
            self._server = await asyncio.start_server(self._serve, host, port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # the client went away or sent nothing; it will ask again
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._answer(head.split(b" ", 2)[1]))
            await writer.drain()
        writer.close()

    def _answer(self, path: bytes) -> bytes:
        if path == b"/metrics":
            return _response(200, "text/plain; version=0.0.4; charset=utf-8", exposition())
        if path == b"/healthz":
            wrong = self._alive()
            return _json(503 if wrong else 200, {"status": wrong or "ok"})
        if path == b"/readyz":
            checks = self._ready()
            ready = all(wrong is None for wrong in checks.values())
            return _json(200 if ready else 503, {n: w or "ok" for n, w in checks.items()})
        return _json(404, {"error": "known: /healthz, /readyz, /metrics"})


def _json(status: int, body: object) -> bytes:
    return _response(status, "application/json", msgspec.json.encode(body))


def _response(status: int, kind: str, body: bytes) -> bytes:
    reason = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
