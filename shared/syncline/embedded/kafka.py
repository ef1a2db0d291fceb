"""A real Kafka of one node (KRaft, broker and controller) as a child process."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.kafka_install import cache_folder, java, libraries
from syncline.embedded.ports import free_port, require_free, setting
from syncline.embedded.probes import kafka_cluster
from syncline.embedded.processes import ServerProcess, in_thread, quiet

_SETTINGS, _LOGGING = "server.properties", "log4j2.xml"
_START_WITHIN = 90.0  # seconds; an idle two-core machine needs 3


_JVM = ("-XX:TieredStopAtLevel=1",)
"""The quick compiler alone: a broker on a developer's machine lives too shortly for the thorough
one to pay. Measured: half the CPU of a first sync, and 230 MB resident instead of 370."""


class EmbeddedKafka:
    """Kafka that keeps everything in one folder; starting again there finds the data.

    Args:
        folder: its data, log, lock and PID file.
        port: of 127.0.0.1, below 32768.
        heap: of the JVM, in Java's words.
        settings: broker settings beside the embedded defaults; `listeners` and
            `advertised.listeners` are added to our own.
        say: is told what takes long.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        heap: str = "512m",
        *,
        settings: Mapping[str, str] | None = None,
        say: Callable[[str], None] = quiet,
    ) -> None:
        self.port = port
        self._settings = dict(settings or {})
        self._folder = folder.absolute()
        self._heap = heap
        self._say = say
        self._process = ServerProcess("Kafka", self._folder)

    @property
    def bootstrap(self) -> str:
        """The address for clients, `host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """PID of the running broker, else None."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file with the broker's warnings and failures."""
        return self._process.log

    async def start(self) -> None:
        """Start the broker, or take over the one a crashed session left, and wait for its answer.

        Raises:
            EmbeddedServerError: no Java, no Maven, no network, a busy port, a broken broker; one
                line that says what to do.
        """
        self._process.claim.take()
        try:
            if await self._serves():
                return
            await self._process.stop()
            require_free(self.port, "Kafka", setting("kafka"))
            await self._launch()
            await self._process.until_ready(self._serves, within=_START_WITHIN)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the broker cleanly and give the folder up; harmless when it does not run."""
        try:
            await self._process.stop()
        finally:
            self._process.claim.release()

    async def remove(self) -> None:
        """Delete the folder; a broker that a crashed session left in it is stopped first."""
        self._process.claim.take()
        await self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

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
        """Tell whether the folder's own broker answers on our port."""
        if self._process.pid is None or self._process.port != self.port:
            return False
        return await kafka_cluster(self.port) == self._cluster()

    async def _launch(self) -> None:
        jars = await libraries(cache_folder(), self._say)
        options = ["-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={_LOGGING}"]
        run = [str(java()), f"-Xmx{self._heap}", *_JVM, *options, "-cp", f"{jars}/*"]
        self._write_settings()
        if not (self._folder / "data" / "meta.properties").exists():
            await in_thread(lambda: self._format(run))
        command = [*run, "kafka.Kafka", _SETTINGS]
        self._process.launch(command, self.port, _environment(), cwd=self._folder)

    def _write_settings(self) -> None:
        """Write Kafka's files into the folder it works in.

        They name each other and the data by relative paths: Kafka splits a folder's name at
        commas and reads it as Latin-1.
        """
        controller = f"127.0.0.1:{free_port()}"
        settings = {
            "log.dirs": "data",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@{controller}",
        }
        for name, value in self._settings.items():
            ours = settings.get(name)
            settings[name] = f"{ours},{value}" if ours and name.endswith("listeners") else value
        lines = [_own(_SETTINGS), *(f"{name}={value}" for name, value in settings.items())]
        (self._folder / _SETTINGS).write_text("\n".join(lines) + "\n")
        (self._folder / _LOGGING).write_text(_own(_LOGGING))

    def _format(self, run: list[str]) -> None:
        # `-t ID` would take an ID that begins with a dash for an option.
        command = [
            "kafka.tools.StorageTool",
            "format",
            f"--cluster-id={self._cluster()}",
            "-c",
            _SETTINGS,
        ]
        done = subprocess.run(
            [*run, *command],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder,
            env=_environment(),
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise EmbeddedServerError(
                f"Kafka cannot format its data folder: {said[-1][:300]} -- "
                f"remove {self._folder} or choose another data folder"
            )

    def _cluster(self) -> str:
        """Return the folder's cluster ID, chosen at its first use."""
        chosen = self._folder / "cluster.id"
        if not chosen.exists():
            chosen.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        return chosen.read_text().strip()


def _own(name: str) -> str:
    return resources.files("syncline.embedded").joinpath(name).read_text()


def _environment() -> dict[str, str]:
    """Return our environment with a locale in which Java can open any file name."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}
