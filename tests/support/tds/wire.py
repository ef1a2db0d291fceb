"""Packets of TDS over a stream, TLS begun inside of them."""

from __future__ import annotations

import asyncio
import ssl
from typing import NamedTuple

BATCH, RPC, ANSWER, ATTENTION, TRANSACTION, LOGIN, PRELOGIN = 1, 3, 4, 6, 14, 16, 18
_HEAD = 8
_LARGEST = 4096 - _HEAD
_LAST = 1
_PRELOGIN = bytes.fromhex(
    "00001a0006" "0100200001" "0200210001" "0300220000" "0400220001" "ff"  # what stands where
    "100003e80000" "01" "00" "00"  # version 16, encrypted, instance, several results: no
)  # fmt: skip


class Message(NamedTuple):
    kind: int
    body: bytes


class Wire:
    """The line to one client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._read = bytearray()

    def close(self) -> None:
        self._writer.transport.abort()

    async def message(self) -> Message:
        """Return the next message. Raises ConnectionError where the client is gone."""
        body = bytearray()
        while True:
            head = await self._exactly(_HEAD)
            body += await self._exactly(int.from_bytes(head[2:4]) - _HEAD)
            if head[1] & _LAST:
                return Message(head[0], bytes(body))

    async def send(self, body: bytes, kind: int = ANSWER) -> None:
        parts = [body[n : n + _LARGEST] for n in range(0, len(body), _LARGEST)] or [b""]
        packets = bytearray()
        for n, part in enumerate(parts, 1):
            packets += bytes([kind, n == len(parts)])
            packets += (len(part) + _HEAD).to_bytes(2) + bytes([0, 0, n % 256, 0]) + part
        if self._tls is not None:
            self._tls.write(packets)
            packets = bytearray(self._out.read())
        self._writer.write(packets)
        await self._writer.drain()

    async def begin(self, context: ssl.SSLContext) -> None:
        """Agree on encryption, whatever the client wishes, and begin with it."""
        await self.message()
        await self.send(_PRELOGIN)
        tls = context.wrap_bio(self._in, self._out, server_side=True)
        is_done = False
        while not is_done:
            try:
                tls.do_handshake()
                is_done = True
            except ssl.SSLWantReadError:
                pass
            if self._out.pending:
                await self.send(self._out.read(), PRELOGIN)
            if not is_done:
                self._in.write((await self.message()).body)
        self._tls = tls

    async def _exactly(self, count: int) -> bytes:
        while len(self._read) < count:
            data = await self._reader.read(65_536)
            if not data:
                raise ConnectionError("the client is gone")
            if self._tls is None:
                self._read += data
                continue
            self._in.write(data)
            while True:
                try:
                    part = self._tls.read(65_536)
                except ssl.SSLWantReadError:
                    break
                except ssl.SSLError as error:
                    raise ConnectionError(str(error)) from error
                if not part:
                    raise ConnectionError("the client is gone")
                self._read += part
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken
