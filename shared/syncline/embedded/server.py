"""What the embedded servers have in common: found after a crash, started, stopped, removed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from syncline.embedded.ports import require_free, setting
from syncline.embedded.processes import ServerProcess


class EmbeddedServer:
    """A server that keeps everything in one folder; starting again there finds the data.

    Attributes:
        name: in messages.
        port_name: of its port among the settings of `syncline dev`.
        start_within: seconds.

    Args:
        folder: its data, log, lock and PID file.
        port: of 127.0.0.1, below 32768.
        say: is told what takes long.
    """

    name: ClassVar[str]
    port_name: ClassVar[str]
    start_within: ClassVar[float]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, port: int, say: Callable[[str], None]) -> None:
        self.port = port
        self._folder = folder.absolute()
        self._say = say
        self._process = ServerProcess(self.name, self._folder, stop_signal=self.stop_signal)

    @property
    def pid(self) -> int | None:
        """PID of the running server, else None."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file with the server's own log."""
        return self._process.log

    async def start(self) -> None:
        """Start the server, or take over the one a crashed session left, and wait for its answer.

        Raises:
            EmbeddedServerError: a program or package is missing, there is no network, the port is
                busy, the folder is no good, the server is broken; one line that says what to do.
        """
        self._process.claim.take()
        try:
            if await self._serves():
                return
            await self._process.stop()
            require_free(self.port, self.name, setting(self.port_name))
            await self._launch()
            await self._process.until_ready(self._serves, within=self.start_within)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server cleanly and give the folder up; harmless when it does not run."""
        try:
            await self._process.stop()
        finally:
            self._process.claim.release()

    async def remove(self) -> None:
        """Delete all data; a server that a crashed session left in the folder is stopped first."""
        self._process.claim.take()
        await self.stop()
        self._delete()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _serves(self) -> bool:
        """Tell whether the folder's own server answers on our port."""
        if self._process.pid is None or self._process.port != self.port:
            return False
        return await self._answers()

    async def _answers(self) -> bool:
        raise NotImplementedError

    async def _launch(self) -> None:
        raise NotImplementedError

    def _delete(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
