"""The gateway's life: wait for the database, answer, drain on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from syncline.actions.sign_in import set_up_link
from syncline.bootstrap.connections import Connections
from syncline.bootstrap.life import Life, life
from syncline.bootstrap.port_errors import port_errors_explained
from syncline.bootstrap.producers import RequestProducer
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import STATUS
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database
from syncline.postgres.database.row_security import open_tenants_database
from syncline.postgres.limits.leases import Limits
from syncline.resources.documents import build_models
from syncline.runtime.process.health import HealthServer
from syncline.telemetry.logs import configure_logs
from syncline_gateway.access.connection_limits import LimitedConnection, raise_file_limit
from syncline_gateway.api import Backend
from syncline_gateway.app import create_app
from syncline_gateway.live.hub import Hub
from syncline_gateway.live.service_status import publish_status_reports

ANSWERS_WITHIN = 5.0
"""Seconds that a request may go on after SIGTERM."""
THREAD_TURN = 0.0005
"""Seconds until a thread that maps records on trial lets the one that answers have its turn; by
Python's own 5 ms an answer, which needs some ten turns, would wait 50 ms for each such thread."""
COLLECT_AFTER = (2_000, 20, 50)
"""New objects until the collector looks at the youngest, and rounds until it looks at older ones.
A look at all of them holds every answer: beside long mappings on trial, for 0.2 s and more."""
CONNECTIONS = 10
"""To the database, for requests; a few more for who calls."""
SEND_WITHIN = 5.0
"""Seconds until a trigger that Kafka does not take is answered with 503."""
log = structlog.get_logger()


class _Server(uvicorn.Server):
    """Leaves the signals to us: streams have to end before connections can."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings) -> None:
    """Answer until told to stop."""
    configure_logs("gateway", settings.log_level)
    raise_file_limit()
    sys.setswitchinterval(THREAD_TURN)
    async with life(settings) as own:
        if own is None:
            return
        backend = await _backend(own)
        server = _Server(_config(create_app(backend), settings.trusted_proxies))
        listening = listen(settings)
        build_models()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        own.stack.callback(listening.close)
        await _invite(own.database, settings)
        await own.run(
            "gateway",
            lambda: _until_told(server, listening, backend.hub, own.stopping),
            HealthServer(lambda: None, lambda: _ready(backend, server)),
            {
                "status": backend.hub.read_statuses,
                "deliver": backend.hub.deliver,
                "pipeline": lambda: publish_status_reports(backend.hub, own.database, own.clock),
            },
            host=settings.http_host,
            port=settings.http_port,
        )


async def _invite(database: Database, settings: Settings) -> None:
    """Tell whoever reads the log how to become the first Platform Admin, while there is none."""
    token = await set_up_link(database)
    if token is not None:
        link = f"{settings.console_url()}/setup#{token}"
        log.warning("set_up_needed", link=link, hint="open it within 24 hours; it works once")


async def _backend(own: Life) -> Backend:
    settings, clock = own.settings, own.clock
    database = await own.stack.enter_async_context(
        open_tenants_database(
            settings.postgres_dsn.get_secret_value(), own.database, size=CONNECTIONS
        )
    )
    own.export_spans("gateway")
    producer = RequestProducer("gateway", settings.kafka(), SEND_WITHIN)
    own.stack.push_async_callback(producer.stop)
    keyring = settings.keyring()
    connections = Connections(
        Configuration(database, keyring), Limits(database), settings.surroundings, clock
    )
    own.stack.push_async_callback(connections.close)
    hub = Hub(KafkaReader(settings.kafka(), STATUS), clock)
    store = ConfigurationStore(database, keyring)
    return Backend(
        settings=settings,
        database=database,
        installation=own.database,
        producer=producer,
        hub=hub,
        keyring=keyring,
        configuration=store,
        connections=connections,
        clock=clock,
    )


def _config(app: FastAPI, trusted_proxies: str) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        lifespan="off",
        timeout_graceful_shutdown=round(ANSWERS_WITHIN),
        timeout_keep_alive=30,
        http=LimitedConnection,
    )


def listen(settings: Settings) -> socket.socket:
    """Open the port of the console and the API. Raises InvalidInputError where that cannot be."""
    host, port = settings.http_host, settings.http_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with port_errors_explained("SYNCLINE_HTTP", host, port):
        return socket.create_server((host, port), family=family, backlog=512)


async def _until_told(
    server: _Server, listening: socket.socket, hub: Hub, stopping: asyncio.Event
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="http")
    told = asyncio.create_task(stopping.wait(), name="told")
    try:
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        hub.close()
        server.should_exit = True
        await serving
    finally:
        told.cancel()


def _ready(backend: Backend, server: _Server) -> dict[str, str | None]:
    return {
        "http": None if server.started else "not listening yet",
        "status": None if backend.hub.is_reading else "the status topic is not being read",
    }
