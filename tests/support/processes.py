"""Processes of Syncline in tests: `syncline …`, forked from one that has imported everything."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, TypeAlias

_SCRIPT = Path(__file__).parent / "nursery.py"


class Process:
    """A process, as `asyncio.subprocess` has it.

    Attributes:
        pid: its number.
        returncode: its exit code, negative for a signal; None while it runs.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.ended = asyncio.Event()

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def wait(self) -> int:
        await self.ended.wait()
        assert self.returncode is not None
        return self.returncode


AnyProcess: TypeAlias = Process | asyncio.subprocess.Process


async def start(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, out: IO[bytes],
    err: IO[bytes],
) -> Process:  # fmt: skip
    """Start `syncline` with these arguments, nothing on its standard input.

    Args:
        arguments: without the program's name.
        environment: all of it.
        out, err: files that standard output and error go to.
    """
    asked = {
        "arguments": list(arguments), "environment": dict(environment), "folder": str(folder),
    }  # fmt: skip
    return await _nursery().start(json.dumps(asked).encode(), [out.fileno(), err.fileno()])


class Nursery:
    """Asks `tests/support/nursery.py` for children, and hears of their ends."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, _SCRIPT, str(theirs.fileno())], pass_fds=[theirs.fileno()]
            )
        self._asking = asyncio.Lock()
        self._begun: asyncio.Future[Process] = self._loop.create_future()
        self._running: dict[int, Process] = {}
        self._socket.setblocking(False)
        self._loop.add_reader(self._socket, self._hear)
        atexit.register(self._close)

    async def start(self, asked: bytes, files: Sequence[int]) -> Process:
        async with self._asking:
            self._begun = self._loop.create_future()
            socket.send_fds(self._socket, [asked], files)
            return await self._begun

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()

    def _hear(self) -> None:
        told = json.loads(self._socket.recv(1000))
        if pid := told.get("begun"):
            self._running[pid] = Process(pid)
            self._begun.set_result(self._running[pid])
            return
        process = self._running.pop(told["ended"])
        process.returncode = told["code"]
        process.ended.set()


@cache
def _nursery() -> Nursery:
    """Return the one of this test run: all its tests share a loop."""
    return Nursery()
