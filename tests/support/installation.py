"""A whole installation for end-to-end tests: every service a process on the session's servers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from uuid6 import uuid7

from syncline.contracts.messages import encode
from syncline.contracts.topics import TRIGGERS
from syncline.contracts.wire import Outbound, run_spread
from syncline.domain.errors import NotFoundError
from syncline.domain.run import Run
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.runs import Runs
from syncline.security.secrets import generate_key
from tests.support.access import give_key_at
from tests.support.eventually import eventually
from tests.support.kafka import KafkaPlace
from tests.support.message_keys import KEYS, TEXT
from tests.support.ports import free_port
from tests.support.processes import AnyProcess, start
from tests.support.service_roles import signed_in
from tests.support.stored_profiles import ProfileStore

SERVICES = (
    "trigger", "ingest", "normalize", "transform", "execute", "finalize", "retry", "deadletter",
)  # fmt: skip


class Installation:
    """Services, each with a user and rights of its own in the database, their broker and it.

    Attributes:
        of_service: settings of some services beside those of all.
        programs: `syncline` of another release, by the services that it runs, as the database's
            owner.
        ready_within: seconds that a process may take until it is ready. Tests that wait for longer
            themselves give more: a machine that is full needs minutes to start them all.
    """

    ready_within = 60.0

    def __init__(self, kafka: KafkaPlace, dsn: str, logs: Path, extra: Mapping[str, str]) -> None:
        self.connection = KafkaConnection(kafka.bootstrap, kafka.prefix, keys=KEYS)
        self.dsn = dsn
        self.logs = logs
        self.environment = os.environ | {
            "SYNCLINE_POSTGRES_DSN": dsn,
            "SYNCLINE_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "SYNCLINE_KAFKA_PREFIX": kafka.prefix,
            "SYNCLINE_KAFKA_PARTITIONS": "4",
            "SYNCLINE_KAFKA_SESSION_TIMEOUT": "6",  # others take over from the killed soon
            "SYNCLINE_SECRET_KEYS": generate_key(),
            "SYNCLINE_MESSAGE_KEYS": TEXT,
            "SYNCLINE_OUTBOUND_ALLOW": f"127.0.0.0/8,127.0.0.1:{urlsplit(dsn).port}",
            "SYNCLINE_ALERT_WINDOW": "0",
            "SYNCLINE_ALERT_HOLD": "0",
            "SYNCLINE_ALERT_FLAPS": "0",
            **extra,
        }
        self.of_service: dict[str, dict[str, str]] = {}
        self.programs: dict[str, Path] = {}
        self.processes: dict[str, AnyProcess] = {}
        self.ports: dict[str, int] = {}
        self.ports_http: dict[str, int] = {}
        self.producer = KafkaProducer(self.connection)

    def profiles(self, c: Any) -> ProfileStore:
        """Return what inserts profiles by a connection to the database."""
        return ProfileStore(c, self.dsn, self.environment["SYNCLINE_SECRET_KEYS"])

    async def start_gateway(self, name: str = "gateway") -> httpx.AsyncClient:
        """Start a gateway and return a Platform Admin's client of it; the caller closes that."""
        port = self.ports_http.setdefault(name, free_port())
        self.environment["SYNCLINE_HTTP_PORT"] = str(port)
        await self.start("gateway", name)
        await self.ready()
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers=await give_key_at(self.dsn),
            trust_env=False,
            timeout=30,
        )

    async def start(self, service: str, name: str | None = None) -> None:
        """Start one process of a service under a name of its own."""
        name = name or service
        port = self.ports.setdefault(name, free_port())
        with (self.logs / f"{name}.log").open("ab") as log:
            own = {
                "SYNCLINE_HEALTH_PORT": str(port),
                "SYNCLINE_PROCESS_NAME": name,
                **self.of_service.get(service, {}),
            }
            environment = self.environment | own
            if program := self.programs.get(service):
                self.processes[name] = await asyncio.create_subprocess_exec(
                    program, "run", service, env=environment, stdout=log, stderr=log
                )
                return
            dsn = environment["SYNCLINE_POSTGRES_DSN"]
            environment["SYNCLINE_POSTGRES_DSN"] = signed_in(dsn, service)
            self.processes[name] = await start(["run", service], environment, self.logs, log, log)

    async def ready(self) -> None:
        """Wait until every process says it is ready."""
        async with httpx.AsyncClient(trust_env=False) as client:
            for name, port in self.ports.items():
                check = partial(self._is_ready, client, name, port)
                await eventually(check, within=self.ready_within)

    async def _is_ready(self, client: httpx.AsyncClient, name: str, port: int) -> bool:
        process = self.processes[name]
        assert process.returncode is None, (self.logs / f"{name}.log").read_text()[-3000:]
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        process = self.processes.pop(name)
        process.send_signal(number)
        async with asyncio.timeout(40):
            return await process.wait()

    @asynccontextmanager
    async def without(self, service: str) -> AsyncIterator[None]:
        """Stop a service, and start it again at the end."""
        await self.stop(service)
        try:
            yield
        finally:
            await self.start(service)

    async def trigger(self, **fields: Any) -> str:
        """Publish a trigger as any program would, and return its correlation ID."""
        run_id = str(fields.pop("correlation_id", uuid7()))
        message = Outbound(TRIGGERS, run_id.encode(), encode(fields), run_spread(run_id))
        await self.producer.send([message])
        return run_id

    async def ended(self, run_id: str, within: float = 60) -> Run:
        """Wait until a run is over."""
        async with open_database(self.dsn, size=1) as database:
            return await eventually(lambda: _final(database, run_id), within=within)

    async def run(self, within: float = 60, **fields: Any) -> Run:
        """Trigger a run and wait for its end."""
        return await self.ended(await self.trigger(**fields), within)


async def _final(database: Database, run_id: str) -> Run | None:
    try:
        run = await Runs(database).get("default", run_id)
    except NotFoundError:
        return None
    return run if run.state.is_final else None


@asynccontextmanager
async def installation(
    kafka: KafkaPlace,
    dsn: str,
    logs: Path,
    extra: Mapping[str, str] | None = None,
    services: Sequence[str] = SERVICES,
    ready_within: float = Installation.ready_within,
) -> AsyncIterator[Installation]:
    """Create the topics, start services, and stop them at the end."""
    place = Installation(kafka, dsn, logs, extra or {})
    place.ready_within = ready_within
    replication = int(place.environment.get("SYNCLINE_KAFKA_REPLICATION", "1"))
    await KafkaAdmin(place.connection).create_topics(4, replication)
    try:
        for service in services:
            await place.start(service)
        await place.ready()
        yield place
    finally:
        await place.producer.stop()
        async with asyncio.TaskGroup() as stopping:
            for name in list(place.processes):
                stopping.create_task(place.stop(name))
