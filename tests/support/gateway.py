"""The gateway's app in this process, on a real database; Kafka is not needed for what it tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from argon2 import profiles
from fastapi import FastAPI
from pydantic import SecretStr

from syncline.bootstrap.connections import Connections
from syncline.bootstrap.settings import Settings
from syncline.contracts.topics import STATUS
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.producer import KafkaProducer
from syncline.kafka.reader import KafkaReader
from syncline.postgres.configuration.changes import ConfigurationStore
from syncline.postgres.configuration.profiles import Configuration
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.row_security import open_tenants_database
from syncline.postgres.limits.leases import Limits
from syncline.runtime.clock import SystemClock
from syncline.security.passwords import Passwords
from syncline.security.secrets import Keyring, generate_key
from syncline_gateway.access.connection_limits import LimitedConnection
from syncline_gateway.api import Backend
from syncline_gateway.app import create_app
from syncline_gateway.live.hub import Hub
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.service_roles import signed_in

HOST = "sync.test"
NOWHERE = KafkaConnection(bootstrap="127.0.0.1:9", prefix="none.")


class Gateway:
    """One gateway, and browsers and programs that call it."""

    def __init__(self, app: FastAPI, database: Database) -> None:
        self.app = app
        self.database = database

    def client(
        self,
        headers: dict[str, str] | None = None,
        address: str = "192.0.2.9",
        scheme: str = "http",
    ) -> httpx.AsyncClient:
        """Return a client with cookies of its own."""
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        return httpx.AsyncClient(
            transport=transport, base_url=f"{scheme}://{HOST}/api/v1", headers=headers
        )


@asynccontextmanager
async def served(place: Gateway) -> AsyncIterator[str]:
    """Serve it over HTTP and give its address."""
    port = free_port()
    config = uvicorn.Config(
        place.app, port=port, log_config=None, lifespan="off", http=LimitedConnection
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started, within=20)
    yield f"http://127.0.0.1:{port}"
    place.app.state.api.hub.close()
    server.should_exit = True
    await serving


@asynccontextmanager
async def gateway(dsn: str, **settings: Any) -> AsyncIterator[Gateway]:
    """Make an app with the rights of the gateway's own user; cheap passwords."""
    own_dsn = signed_in(dsn, "gateway")
    async with (
        open_database(dsn) as owners,
        open_database(own_dsn) as installation,
        open_tenants_database(own_dsn, installation, size=4) as database,
    ):
        clock = SystemClock()
        keyring = Keyring.parse(generate_key())
        keys = {"message_keys": SecretStr(generate_key())}
        own = Settings(_env_file=None, postgres_dsn=SecretStr(dsn), **(keys | settings))
        configuration = Configuration(database, keyring)
        backend = Backend(
            settings=own,
            database=database,
            installation=installation,
            producer=KafkaProducer(NOWHERE, deadline=0.5),
            hub=Hub(KafkaReader(NOWHERE, STATUS), clock),
            keyring=keyring,
            configuration=ConfigurationStore(database, keyring),
            connections=Connections(configuration, Limits(database), own.surroundings, clock),
            clock=clock,
        )
        yield Gateway(create_app(backend, Passwords(profiles.CHEAPEST)), owners)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, which has the form of every problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]
