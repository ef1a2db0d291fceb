"""Brokers are connected to at addresses that were checked, the first of which answers."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.errors import ConnectorError
from syncline.connectors.kafka.clients import Cluster
from syncline.connectors.kafka.settings import KafkaSettings
from tests.support.ports import free_port


def cluster(answers: dict[str, list[str]], *allow: str) -> Cluster:
    async def resolver(host: str, port: int) -> list[str]:
        if host not in answers:
            raise OSError("unknown")
        return answers[host]

    settings = KafkaSettings.model_validate({"bootstrapServers": "kafka:9092"})
    return Cluster(settings, None, AllowedAddresses(allow, (), resolver))


async def test_the_first_address_that_answers_is_taken() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", free_port())
    async with server:
        port = server.sockets[0].getsockname()[1]
        own = cluster({"kafka": ["127.0.0.2", "127.0.0.1", "127.0.0.3"]}, "127.0.0.0/8")

        assert await own.address("kafka", port) == "127.0.0.1"
        assert own.is_checked("127.0.0.1", port)
        assert not own.is_checked("127.0.0.1", port + 1)
        assert not own.is_checked("127.0.0.2", port)


async def test_no_address_is_taken_where_one_is_not_allowed() -> None:
    own = cluster({"kafka": ["127.0.0.1", "10.0.0.1"]}, "127.0.0.0/8")
    with pytest.raises(ConnectorError) as caught:
        await own.address("kafka", 9092)
    assert caught.value.failure.code == "address_not_allowed"
    assert not own.is_checked("127.0.0.1", 9092)


async def test_a_name_that_nobody_knows_is_named() -> None:
    nothing: list[dict[str, list[str]]] = [{}, {"kafka": []}]
    for answers in nothing:
        with pytest.raises(KafkaConnectionError, match="the name of kafka:9092 is not known"):
            await cluster(answers).address("kafka", 9092)
