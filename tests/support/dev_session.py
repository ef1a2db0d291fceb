"""A `syncline dev` as a person runs it: a process with a folder, told to stop by signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from syncline.embedded.ports import free_ports
from tests.support.ports import free_port

_READY_WITHIN = 90.0
_STOPPED_WITHIN = 60.0


class DevSession:
    """One `syncline dev` after the other in the same folder, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / ".syncline"
        own = {name: value for name, value in os.environ.items() if "SYNCLINE_" not in name}
        self.kafka_port = free_port()
        self.environment = own | {
            "SYNCLINE_DEV_KAFKA_PORT": str(self.kafka_port),
            "SYNCLINE_DEV_POSTGRES_PORT": str(free_port()),
            "SYNCLINE_DEV_HTTP_PORT": str(free_port()),
            "SYNCLINE_DEV_HEALTH_PORT": str(free_ports(16)[0]),
            "SYNCLINE_KAFKA_PARTITIONS": "2",
        }
        self._process: asyncio.subprocess.Process | None = None
        self.said = ""

    async def start(self, *options: str) -> dict[str, Any]:
        """Start it and return what it says when everything is ready."""
        self._process = await self._spawn(*options)
        assert self._process.stdout is not None
        text = ""
        async with asyncio.timeout(_READY_WITHIN):
            while line := await self._process.stdout.readline():
                text += line.decode()
                if line == b"}\n":
                    said: dict[str, Any] = json.loads(text)
                    return said
        raise AssertionError(await self._rest())

    async def refused(self, *options: str) -> tuple[int | None, str]:
        """Start it where it cannot start; return exit code and what it says on standard error."""
        self._process = await self._spawn(*options)
        async with asyncio.timeout(_READY_WITHIN):
            said = await self._rest()
        return self._process.returncode, said

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Send a signal and return the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(_STOPPED_WITHIN):
            self.said = await self._rest()
        return self._process.returncode

    async def _spawn(self, *options: str) -> asyncio.subprocess.Process:
        self.folder.mkdir(parents=True, exist_ok=True)
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncline.cli", "dev", "--json", *options,
            cwd=self.folder, env=self.environment, start_new_session=True,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def _rest(self) -> str:
        assert self._process is not None
        _, said = await self._process.communicate()
        return said.decode()

    def pids(self) -> dict[str, int]:
        """Return the PIDs of everything that is noted in the folder, by its name."""
        noted = self.data.glob("**/server.pid")
        return {path.parent.name: json.loads(path.read_text())["pid"] for path in noted}

    def has_new(self, name: str, old: int) -> bool:
        """Tell whether another process than the old one is noted under the name, and runs."""
        pid = self.pids().get(name, old)
        return pid != old and is_alive(pid)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
