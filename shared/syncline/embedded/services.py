"""One service of the local installation as a child process with a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from syncline.bootstrap.services import SERVICES
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import unknown
from syncline.embedded.ports import require_free, setting
from syncline.embedded.probes import is_ready
from syncline.embedded.processes import ServerProcess

_READY_WITHIN = 60.0
"""Seconds."""


class ServiceProcess(ServerProcess):
    """A service that `syncline dev` runs; the second Execute is called `execute-2`."""

    stop_within = 20.0

    @property
    def health(self) -> str:
        """The address that says whether it is ready."""
        return f"http://127.0.0.1:{self.port}/readyz"

    def require_free_port(self) -> None:
        """Raise EmbeddedServerError when somebody else listens on its port."""
        require_free(self.port, f"the service {self.name}", setting("health"))

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it and return at once. Raises EmbeddedServerError."""
        self.claim.take()
        self.require_free_port()
        service = self.name.partition("-")[0]
        own = {
            **environment,
            "SYNCLINE_HEALTH_PORT": str(self.port),
            "SYNCLINE_PROCESS_NAME": f"{{host}}.{self.name}",
        }
        # -P: a file of the user's folder must not stand in for a library's module.
        command = [sys.executable, "-P", "-m", "syncline.cli", "run", service]
        self.launch(command, own, cwd=Path.cwd())

    async def until_ready(self) -> None:
        """Wait until it takes part. Raises EmbeddedServerError when it ends before."""
        await self.until(lambda: is_ready(self.port), within=_READY_WITHIN)


def processes(folder: Path, first_port: int, scale: Mapping[str, int]) -> list[ServiceProcess]:
    """Return every process of the installation, each in a folder and on a port of its own."""
    names = [
        f"{service}-{number}" if number > 1 else service
        for service in SERVICES
        for number in range(1, scale.get(service, 1) + 1)
    ]
    return [ServiceProcess(n, folder / n, first_port + place) for place, n in enumerate(names)]


def left_over(folder: Path) -> list[ServiceProcess]:
    """Return what an earlier session ran in the folder and may have left running."""
    return [
        ServiceProcess(path.parent.name, path.parent, 0) for path in folder.glob("*/server.pid")
    ]


def parse_scale(texts: list[str]) -> dict[str, int]:
    """Read `execute=2`. Raises InvalidInputError."""
    scale = {}
    for text in texts:
        service, _, count = text.partition("=")
        if service not in SERVICES:
            raise _wrong(text, unknown("service", service, SERVICES))
        if service == "gateway":
            raise _wrong(text, "the gateway has one port here, so there is one of it")
        if not (count.isascii() and count.isdigit() and 1 <= int(count) <= 32):
            raise _wrong(text, "must be SERVICE=NUMBER, 1 to 32")
        scale[service] = int(count)
    return scale


def _wrong(text: str, message: str) -> InvalidInputError:
    return InvalidInputError([Problem(f"--scale {text}", message)])
