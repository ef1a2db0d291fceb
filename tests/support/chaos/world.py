"""Servers and services of a chaos test, each of which can be struck."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.postgres.database.migration import migrate
from tests.support.chaos.strikes import WITHIN
from tests.support.chaos.tcp_proxy import TcpProxy
from tests.support.folders import server_folder
from tests.support.installation import SERVICES, Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.ports import free_port
from tests.support.service_roles import give_roles

DISK = 2048
"""MB of a server's disk."""
LINKED = "execute"
"""The service that reaches Kafka and PostgreSQL over networks that can be cut."""


class World:
    """Own servers, and an installation on them.

    Attributes:
        to_kafka, to_postgres: what lies between LINKED and the servers.
    """

    def __init__(
        self, kafka: EmbeddedKafka, postgres: EmbeddedPostgres, place: Installation,
        links: tuple[TcpProxy, TcpProxy],
    ) -> None:  # fmt: skip
        self.kafka = kafka
        self.postgres = postgres
        self.place = place
        self.to_kafka, self.to_postgres = links

    async def start(self, services: Sequence[str], copies: int = 1) -> None:
        """Start so many processes of each service and wait until they are ready."""
        for service in services:
            for name in names_of(service, copies):
                await self.place.start(service, name)
        await self.place.ready()


def names_of(service: str, copies: int) -> list[str]:
    """Return the names of a service's processes."""
    return [service, *(f"{service}-{copy}" for copy in range(2, copies + 1))]


@asynccontextmanager
async def world(logs: Path) -> AsyncIterator[World]:
    """Start servers of the test's own, each with a disk of its own; no service runs yet."""
    port, linked_port, proxy_port = free_port(), free_port(), free_port()
    async with (
        server_folder("kafka", disk=DISK) as kafka_folder,
        server_folder("postgres", disk=DISK) as postgres_folder,
        EmbeddedKafka(
            kafka_folder, port, heap="384m", settings=_linked_listener(linked_port, proxy_port)
        ) as kafka,
        EmbeddedPostgres(
            postgres_folder, free_port(), settings={"max_wal_size": "256MB"}
        ) as postgres,
        _link(TcpProxy(proxy_port, linked_port)) as to_kafka,
        _link(TcpProxy(free_port(), postgres.port)) as to_postgres,
    ):
        await migrate(postgres.dsn())
        await give_roles(postgres.dsn())
        where = KafkaPlace(kafka.bootstrap, "chaos.")
        async with installation(
            where, postgres.dsn(), logs, services=(), ready_within=WITHIN
        ) as place:
            place.of_service[LINKED] = _linked(postgres.dsn(), to_kafka, to_postgres)
            yield World(kafka, postgres, place, (to_kafka, to_postgres))


def _linked_listener(port: int, proxy_port: int) -> Mapping[str, str]:
    """Return settings of a broker that has a second address, behind a proxy."""
    names = ("PLAINTEXT", "CONTROLLER", "LINK")
    return {
        "listeners": f"LINK://127.0.0.1:{port}",
        "advertised.listeners": f"LINK://127.0.0.1:{proxy_port}",
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in names),
    }


def _linked(dsn: str, to_kafka: TcpProxy, to_postgres: TcpProxy) -> dict[str, str]:
    """Return the settings of a service behind the proxies."""
    url = urlsplit(dsn)
    address = url.netloc.rpartition(":")[0]
    return {
        "SYNCLINE_KAFKA_BOOTSTRAP": f"127.0.0.1:{to_kafka.port}",
        "SYNCLINE_POSTGRES_DSN": url._replace(netloc=f"{address}:{to_postgres.port}").geturl(),
    }


@asynccontextmanager
async def _link(proxy: TcpProxy) -> AsyncIterator[TcpProxy]:
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()


ALL = (*SERVICES, "scheduler")
"""The services of a world; a gateway is started with a client of its own."""
