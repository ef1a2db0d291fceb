"""The Kafka of a test session: a local one, a container, or one that runs already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import resources
from typing import NamedTuple

from testcontainers.core.container import DockerContainer

from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.probes import kafka_cluster
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.ports import free_port

IMAGE = "apache/kafka:4.3.1"


class KafkaPlace(NamedTuple):
    """Where one test works: `bootstrap` is host:port, `prefix` (with its dot) starts its names."""

    bootstrap: str
    prefix: str


def kafka_broker(choice: str) -> AbstractAsyncContextManager[str]:
    """Provide a broker; `choice` is local, container or HOST:PORT. Gives its bootstrap address."""
    if choice == "local":
        return _local()
    if choice == "container":
        return _container()
    return _running(choice)


@asynccontextmanager
async def _running(bootstrap: str) -> AsyncIterator[str]:
    yield bootstrap


@asynccontextmanager
async def _local() -> AsyncIterator[str]:
    async with (
        server_folder("kafka") as folder,
        EmbeddedKafka(folder, free_port(), heap="384m") as broker,
    ):
        yield broker.bootstrap


@asynccontextmanager
async def _container() -> AsyncIterator[str]:
    port = free_port()
    container = DockerContainer(IMAGE).with_bind_ports(9092, port).with_envs(**_environment(port))
    await asyncio.to_thread(container.start)
    try:
        await eventually(lambda: kafka_cluster(port), within=60)
        yield f"127.0.0.1:{port}"
    finally:
        await asyncio.to_thread(container.stop)


def _environment(port: int) -> dict[str, str]:
    """Turn the embedded broker's settings into the image's variables."""
    text = resources.files("syncline.embedded").joinpath("server.properties").read_text()
    pairs = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]
    settings = dict(pairs) | {
        "listeners": "PLAINTEXT://0.0.0.0:9092,CONTROLLER://localhost:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.quorum.voters": "1@localhost:9093",
    }
    return {"KAFKA_" + key.upper().replace(".", "_"): value for key, value in settings.items()}
