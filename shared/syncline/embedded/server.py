"""What the embedded servers have in common: found after a crash, started, stopped, removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

from syncline.embedded.errors import unwritable
from syncline.embedded.ports import require_free, setting
from syncline.embedded.processes import ServerProcess


class EmbeddedServer(ServerProcess):
    """A server that keeps everything in one folder; starting again there finds the data.

    Attributes:
        port_name: of its port among the settings of `syncline dev`.
        start_within: seconds.

    Args:
        folder: its data, log, lock and PID file.
        port: of 127.0.0.1, below 32768.
        say: is told what takes long.
    """

    port_name: ClassVar[str]
    start_within: ClassVar[float]

    def __init__(self, folder: Path, port: int, say: Callable[[str], None]) -> None:
        super().__init__(self.name, folder.absolute(), port)
        self._say = say

    async def start(self) -> None:
        """Start the server, or take over the one a crashed session left, and wait for its answer.

        Raises:
            EmbeddedServerError: a program or package is missing, there is no network, the port is
                busy, the folder is no good, the server is broken; one line that says what to do.
        """
        self.claim.take()
        try:
            if await self._serves():
                return
            await self.end()
            require_free(self.port, self.name, setting(self.port_name))
            await self._launch()
            await self.until(self._serves, within=self.start_within)
        except OSError as error:
            await self.stop()
            raise unwritable(self.name, error) from error
        except BaseException:
            await self.stop()
            raise

    async def remove(self) -> None:
        """Delete all data; a server that a crashed session left in the folder is stopped first."""
        await self.clear_away()
        self._delete()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def _serves(self) -> bool:
        """Tell whether the folder's own server answers on our port."""
        return self.is_ours and await self._answers()

    async def _answers(self) -> bool:
        raise NotImplementedError

    async def _launch(self) -> None:
        raise NotImplementedError

    def _delete(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
