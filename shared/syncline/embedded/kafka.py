"""A real Kafka node (KRaft, broker and controller) as a child process, alone or one of several."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from syncline.embedded.accounts import run_as
from syncline.embedded.class_archive import archive_options
from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.kafka_install import cache_folder, java, libraries
from syncline.embedded.ports import free_port
from syncline.embedded.probes import kafka_cluster
from syncline.embedded.processes import in_thread, quiet
from syncline.embedded.server import EmbeddedServer

_SETTINGS, _LOGGING = "server.properties", "log4j2.xml"
_VOTERS = "controller.quorum.voters"
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""The quick compiler alone: a broker on a developer's machine lives too shortly for the thorough
one to pay. Measured: half the CPU of a first sync, and 230 MB resident instead of 370. The simple
collector, as its heap is small: 5.05 CPU microseconds a record of a first load became 4.05."""


class EmbeddedKafka(EmbeddedServer):
    """Kafka as an embedded server.

    Args:
        heap: of the JVM, in Java's words.
        settings: broker settings beside the embedded defaults; `listeners` and
            `advertised.listeners` are added to our own. A node of several has its `node.id` and
            the `controller.quorum.voters`.
        accounts: SCRAM users and their passwords, made with the data folder.
    """

    name = "Kafka"
    port_name = "kafka"
    start_within = 90.0  # an idle two-core machine needs 3

    def __init__(
        self,
        folder: Path,
        port: int,
        heap: str = "512m",
        *,
        settings: Mapping[str, str] | None = None,
        accounts: Mapping[str, str] | None = None,
        say: Callable[[str], None] = quiet,
    ) -> None:
        super().__init__(folder, port, say)
        self._settings = dict(settings or {})
        self._accounts = dict(accounts or {})
        self._heap = heap

    @property
    def bootstrap(self) -> str:
        """The address for clients, `host:port`."""
        return f"127.0.0.1:{self.port}"

    async def _answers(self) -> bool:
        return await kafka_cluster(self.port) == self._cluster()

    async def _launch(self) -> None:
        options = ["-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={_LOGGING}"]
        run = [*await self._java(), f"-Xmx{self._heap}", *options]
        self._write_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            await in_thread(lambda: self._format(run))
        command = [*run, "kafka.Kafka", _SETTINGS]
        self.launch(command, _environment(), cwd=self.folder)

    async def _java(self) -> list[str]:
        return await java_with_kafka(self._say)

    def _write_settings(self) -> None:
        """Write Kafka's files into the folder it works in.

        They name each other and the data by relative paths: Kafka splits a folder's name at
        commas and reads it as Latin-1.
        """
        voters = self._settings.get(_VOTERS) or f"1@127.0.0.1:{free_port()}"
        node = self._settings.get("node.id", "1")
        controller = dict(voter.split("@") for voter in voters.split(","))[node]
        settings = {
            "log.dirs": "data",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            _VOTERS: voters,
        }
        for name, value in self._settings.items():
            ours = settings.get(name)
            settings[name] = f"{ours},{value}" if ours and name.endswith("listeners") else value
        lines = [_own(_SETTINGS), *(f"{name}={value}" for name, value in settings.items())]
        (self.folder / _SETTINGS).write_text("\n".join(lines) + "\n")
        (self.folder / _LOGGING).write_text(_own(_LOGGING))

    def _format(self, run: list[str]) -> None:
        # `-t ID` would take an ID that begins with a dash for an option.
        options = ["format", f"--cluster-id={self._cluster()}", "-c", _SETTINGS]
        for name, password in self._accounts.items():
            options += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        command = [*run, "kafka.tools.StorageTool", *options]
        done = run_as(None, command, _environment(), cwd=self.folder)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise EmbeddedServerError(
                f"Kafka cannot format its data folder: {said[-1][:300]} -- "
                f"remove {self.folder} or choose another data folder"
            )

    def _cluster(self) -> str:
        """Return the folder's cluster ID, chosen at its first use."""
        chosen = self.folder / "cluster.id"
        if not chosen.exists():
            chosen.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        return chosen.read_text().strip()


class _Training(EmbeddedKafka):
    """A Kafka that is started for Java to see which classes it loads."""

    def __init__(self, folder: Path, option: str) -> None:
        super().__init__(folder, free_port())
        self._option = option

    async def _java(self) -> list[str]:
        return _command(await libraries(cache_folder(), self._say), [self._option])


async def java_with_kafka(say: Callable[[str], None]) -> list[str]:
    """Return the command of a Java that knows Kafka's classes, up to the name of what it runs.

    Kafka is fetched and its class archive made, if need be. Raises EmbeddedServerError.
    """
    jars = await libraries(cache_folder(), say)
    return _command(jars, await archive_options(jars, [str(java()), *_JVM], _train))


async def _train(folder: Path, option: str) -> None:
    async with _Training(folder, option):
        pass


def _command(jars: Path, options: list[str]) -> list[str]:
    return [str(java()), *_JVM, *options, "-cp", f"{jars}/*"]


def _own(name: str) -> str:
    return resources.files("syncline.embedded").joinpath(name).read_text()


def _environment() -> dict[str, str]:
    """Return our environment with a locale in which Java can open any file name."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}
