from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from syncline.embedded.errors import EmbeddedServerError
from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.probes import kafka_cluster
from tests.support.crashes import crashed_session
from tests.support.folders import server_folder
from tests.support.ports import free_port

pytestmark = pytest.mark.kafka


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    async with server_folder("kafka, größer") as path:
        yield path


async def create_topic(broker: EmbeddedKafka, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()


def pid_of(broker: EmbeddedKafka) -> int:
    assert broker.pid is not None
    return broker.pid


async def topics(broker: EmbeddedKafka) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        return list(await admin.list_topics())
    finally:
        await admin.close()


async def test_kafka_keeps_data_over_a_restart_and_a_kill(folder: Path) -> None:
    broker = EmbeddedKafka(folder, free_port(), heap="256m")
    async with broker:
        await create_topic(broker, "kept")
    assert broker.pid is None
    assert await kafka_cluster(broker.port) is None
    await broker.start()
    try:
        assert await topics(broker) == ["kept"]
        os.kill(pid_of(broker), signal.SIGKILL)
        await broker.start()
        assert await topics(broker) == ["kept"]
    finally:
        await broker.stop()


async def test_kafka_of_a_crashed_session_is_taken_over_and_stopped(folder: Path) -> None:
    port = free_port()
    left = await crashed_session(EmbeddedKafka, folder, port)
    broker = EmbeddedKafka(folder, port, heap="256m")
    await broker.start()
    assert broker.pid == left
    await broker.stop()
    assert await kafka_cluster(port) is None


async def test_kafka_refuses_a_busy_port_in_one_line(folder: Path) -> None:
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(EmbeddedServerError, match=f"port {port} for Kafka is in use by PID"),
    ):
        await EmbeddedKafka(folder, port).start()


async def test_kafka_tells_why_it_ended_while_starting(folder: Path) -> None:
    broker = EmbeddedKafka(folder, free_port(), heap="256m")
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "meta.properties").write_text("version=1\ncluster.id=other\nnode.id=7\n")
    with pytest.raises(EmbeddedServerError) as refused:
        await broker.start()
    message = str(refused.value)
    assert message.startswith("Kafka ended while starting: ")
    assert message.endswith(f"(log: {broker.log})")
    assert "Exception: Stored node id 7 doesn't match" in message
