"""A receiver of webhooks: a real HTTP server that checks signatures by its own code."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from tests.support.ports import free_port

Answer = tuple[int, str, str]
"""Status, more header lines, text."""
TAKEN: Answer = (204, "", "")


class Received(NamedTuple):
    """One request; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def signed_by(self, secret: str) -> bool:
        """Check the signature as the Standard Webhooks specification describes it."""
        message_id, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        content = message_id.encode() + b"." + stamp.encode() + b"." + self.body
        key = base64.standard_b64decode(secret[len("whsec_") :])
        right = base64.standard_b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        return f"v1,{right}" in self.headers["webhook-signature"].split(" ")


class Receiver:
    """Answers what is in `answers`, then `otherwise`. None cuts the connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/hooks"
        self.received: list[Received] = []
        self.answers: deque[Answer | None] = deque()
        self.otherwise: Answer = TAKEN
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    @property
    def told(self) -> list[dict[str, Any]]:
        """The data of what came, in the order of the alerts: deliveries go side by side."""
        events = sorted((received.event for received in self.received), key=lambda e: str(e["id"]))
        return [event["data"] for event in events]

    @property
    def alerts(self) -> list[str]:
        return [data["alert"] for data in self.told]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            self.received.append(Received(first.split(" ")[1], headers, body))
            answer = self.answers.popleft() if self.answers else self.otherwise
            if answer is not None:
                status, more, text = answer
                size = "" if status == 204 else f"content-length: {len(text.encode())}\r\n"
                writer.write(
                    f"HTTP/1.1 {status} X\r\n{more}{size}connection: close\r\n\r\n{text}".encode()
                )
                await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiving = Receiver(free_port())
    await receiving.start()
    try:
        yield receiving
    finally:
        await receiving.stop()
