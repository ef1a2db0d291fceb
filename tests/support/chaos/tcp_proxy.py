"""A network that fails: a TCP proxy between a client and a server of 127.0.0.1."""

from __future__ import annotations

import asyncio
from contextlib import suppress

CHUNK = 65_536


class TcpProxy:
    """Passes bytes between clients and a server until it is cut or stalled.

    Attributes:
        port: where clients connect.
        broken: connections that a cut has ended or refused.
        withheld: times that bytes had to wait for the end of a stall.
    """

    def __init__(self, port: int, server_port: int) -> None:
        self.port = port
        self.broken = self.withheld = 0
        self._server_port = server_port
        self._is_cut = False
        self._passes = asyncio.Event()
        self._passes.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._listener is not None:
            self.cut()
            self._passes.set()
            self._listener.close()
            await self._listener.wait_closed()

    def cut(self) -> None:
        """End all connections, and each new one at once, until `mend`."""
        self._is_cut = True
        self.broken += len(self._writers)
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Let no byte pass until `mend`, and tell neither side: as if the cable were out."""
        self._passes.clear()

    def mend(self) -> None:
        """Work as a network should."""
        self._is_cut = False
        self._passes.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            self.broken += 1
            writer.transport.abort()
            return
        self._writers.add(writer)
        with suppress(OSError):
            there, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
            self._writers.add(to_server)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass(reader, to_server))
                    group.create_task(self._pass(there, writer))
            finally:
                self._end(to_server)
        self._end(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # one side is gone: so is the other
            while data := await reader.read(CHUNK):
                if not self._passes.is_set():
                    self.withheld += 1
                    await self._passes.wait()
                writer.write(data)
                await writer.drain()
        writer.close()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()
