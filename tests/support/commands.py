"""Calling the command line as a user does: a process of its own, its words and its exit code."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

from tests.support.processes import Process, start


class Said(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


class Command:
    """A command that runs, and the files that its words go to."""

    def __init__(self, process: Process, out: IO[bytes], err: IO[bytes]) -> None:
        self.process = process
        self._out = out
        self._err = err

    async def noted(self, words: str) -> bool:
        """Tell whether it has written the words to standard error so far."""
        so_far = os.pread(self._err.fileno(), 1_000_000, 0)  # a seek would move where it writes
        return words in so_far.decode()

    async def said(self) -> Said:
        """Wait for its end; it has a minute."""
        try:
            async with asyncio.timeout(60):
                code = await self.process.wait()
        finally:
            self.process.send_signal(signal.SIGKILL)  # unless it has ended
        with self._out, self._err:
            self._out.seek(0)
            self._err.seek(0)
            out, err = self._out.read().decode(), self._err.read().decode()
        assert "Traceback" not in err, err
        return Said(code, out, err)


class CommandLine:
    """`syncline` in a folder and an environment."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)

    async def start(self, *arguments: str, **variables: str) -> Command:
        """Start a command."""
        out, err = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - closed by `said`
        process = await start(arguments, self.environment | variables, self.folder, out, err)
        return Command(process, out, err)

    async def __call__(self, *arguments: str, **variables: str) -> Said:
        """Run a command to its end; it has a minute."""
        return await (await self.start(*arguments, **variables)).said()


async def checks_of(cli: CommandLine) -> dict[str, dict[str, str]]:
    """Ask `syncline doctor` about everything but profiles; return its checks by their names."""
    doctor = await cli("doctor", "--json", "--no-profiles")
    return {check["name"]: check for check in doctor.document["checks"]}
