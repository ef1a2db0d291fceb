"""A whole installation on this machine: Kafka, PostgreSQL and every service, in one folder."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path

import msgspec

from syncline.bootstrap.settings import Settings
from syncline.bootstrap.settings_sources import load_settings
from syncline.domain.errors import SynclineError
from syncline.embedded import local_settings
from syncline.embedded.errors import EmbeddedServerError, unwritable
from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.ports import DevPorts, require_free, setting
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.embedded.processes import FolderClaim, ServerProcess, quiet
from syncline.embedded.server import EmbeddedServer
from syncline.embedded.services import ServiceProcess, left_over, processes
from syncline.kafka.admin import KafkaAdmin
from syncline.postgres.database.migration import MigrationError, migrate

KAFKA, POSTGRES = "SYNCLINE_KAFKA_BOOTSTRAP", "SYNCLINE_POSTGRES_DSN"
_ENV = "env"
LONGEST_PAUSE = 30.0
LONG_AGO = 60.0
"""Seconds it has to run for the next pause to be a short one again."""
_LOOK_EVERY = 0.2


class Plan(msgspec.Struct, frozen=True):
    """What is to run.

    Attributes:
        folder: of all data, absolute.
        ports: where the servers and the services' health servers listen.
        scale: processes of a service, 1 where nothing is said.
        environ: settings that are given; KAFKA and POSTGRES name servers to use instead of own.
        only_postgres: start its PostgreSQL alone, and change nothing in it.
    """

    folder: Path
    ports: DevPorts
    scale: Mapping[str, int]
    environ: Mapping[str, str]
    only_postgres: bool = False


class LocalInstallation:
    """Starts, watches and stops everything of a plan; `say` is told what was done."""

    def __init__(self, plan: Plan, say: Callable[[str], None] = quiet) -> None:
        self.plan = plan
        self.env_file = plan.folder / _ENV
        own_kafka, own_postgres = KAFKA not in plan.environ, POSTGRES not in plan.environ
        kafka = EmbeddedKafka(plan.folder / "kafka", plan.ports.kafka, say=say)
        postgres = EmbeddedPostgres(plan.folder / "postgres", plan.ports.postgres, say=say)
        self.kafka = kafka if own_kafka else None
        self.postgres = postgres if own_postgres else None
        servers = (self.postgres,) if plan.only_postgres else (self.kafka, self.postgres)
        self._servers = [server for server in servers if server is not None]
        self._folder_of_services = plan.folder / "services"
        services = processes(self._folder_of_services, plan.ports.health, plan.scale)
        self.services = [] if plan.only_postgres else services
        self._health_ports = [service.port for service in services]
        self._claim = FolderClaim("this installation", plan.folder)
        self._say = say

    @property
    def console(self) -> str:
        """The address of the console and the API."""
        return f"http://127.0.0.1:{self.plan.ports.http}"

    @property
    def settings(self) -> Settings:
        """The settings of the services, once it has started."""
        return load_settings(self.env_file)

    async def start(self, *, fresh: bool = False) -> None:
        """Start everything and return when every service is ready; `fresh`: without earlier data.

        Raises SynclineError, one line that says what to do. What was started has to be stopped.
        """
        self._claim.take()
        await self._stop_left_over()
        if fresh:
            await self._clear()
        if self.plan.only_postgres:
            await _together(*map(self._start, self._servers))
            self._write_settings()
            return
        for service in self.services:
            service.require_free_port()
        require_free(self.plan.ports.http, "the console", setting("http"))
        await _together(*map(self._start, self._servers))
        self._write_settings()
        await _together(self._migrate(), self._create_topics())
        environment = self._environment()
        for service in self.services:
            service.start(environment)
        await _together(*(service.until_ready() for service in self.services))

    async def watch(self, tell: Callable[[str], None]) -> None:
        """Bring back what dies, until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            for service in self.services:
                again = partial(self._again, service)
                group.create_task(_keep_running(service, again, tell))
            for server in self._servers:
                group.create_task(_keep_running(server, server.start, tell))

    async def stop(self) -> None:
        """Stop in order: services finish what they have begun, then Kafka, then PostgreSQL."""
        if not self._claim.held:
            return
        try:
            await _together(*(service.stop() for service in self.services))
            for server in self._servers:
                await server.stop()
        finally:
            self._claim.release()

    def kill(self) -> None:
        """End everything at once; the servers recover at the next start."""
        for process in (*self.services, *self._servers):
            process.kill()

    async def _again(self, service: ServiceProcess) -> None:
        service.start(self._environment())
        await service.until_ready()

    async def _clear(self) -> None:
        """Remove what an installation keeps in the folder, and nothing else."""
        for server in self._servers:
            await server.remove()
        for name in ("services", "files"):
            shutil.rmtree(self.plan.folder / name, ignore_errors=True)
        for name in (_ENV, "secret-keys"):
            (self.plan.folder / name).unlink(missing_ok=True)

    async def _start(self, server: EmbeddedServer) -> None:
        await server.start()
        self._say(f"{server.name} runs")

    async def _stop_left_over(self) -> None:
        """Stop the services of a session that was killed; the servers are taken over."""
        found = [
            service for service in left_over(self._folder_of_services) if service.pid is not None
        ]
        if found:
            self._say(f"stopping {len(found)} services that an earlier session left")
        await _together(*(service.clear_away() for service in found))

    async def _migrate(self) -> None:
        try:
            applied = await migrate(self.settings.postgres_dsn.get_secret_value())
        except MigrationError as error:
            raise EmbeddedServerError(
                f"{error}: it belongs to another release; --fresh begins without its data"
            ) from error
        if applied:
            self._say(f"{len(applied)} migrations applied")

    async def _create_topics(self) -> None:
        settings = self.settings
        created = await KafkaAdmin(settings.kafka()).create_topics(
            settings.kafka_partitions, settings.kafka_replication
        )
        if created:
            self._say(f"{len(created)} topics created")

    def _write_settings(self) -> None:
        values = local_settings.own_settings(
            self.plan.folder,
            self.postgres.port if self.postgres is not None else None,
            self._health_ports,
        )
        values["SYNCLINE_HTTP_PORT"] = str(self.plan.ports.http)
        if self.kafka is not None:
            values[KAFKA] = self.kafka.bootstrap
        if self.postgres is not None:
            values[POSTGRES] = self.postgres.dsn()
        try:
            local_settings.write(self.env_file, values | local_settings.given(self.plan.environ))
        except OSError as error:
            raise unwritable("this installation", error) from error

    def _environment(self) -> dict[str, str]:
        return {**self.plan.environ, "SYNCLINE_CONFIG_FILE": str(self.env_file)}


async def _together(*works: Coroutine[object, None, None]) -> None:
    """Do all at once; the first failure cancels the rest and is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _keep_running(
    process: ServerProcess, revive: Callable[[], Awaitable[None]], tell: Callable[[str], None]
) -> None:
    """Watch a process forever and revive it each time it ends, with growing pauses."""
    pause = 1.0
    while True:
        began = time.monotonic()
        while process.pid is not None:  # noqa: ASYNC110 - the end of a process tells nobody
            await asyncio.sleep(_LOOK_EVERY)
        pause = 1.0 if time.monotonic() - began > LONG_AGO else pause
        tell(f"{process.name} ended; it is started again in {pause:.0f} s")
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
        try:
            await revive()
        except SynclineError as error:
            tell(str(error))
        else:
            tell(f"{process.name} is back")
