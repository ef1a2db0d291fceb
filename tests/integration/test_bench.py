"""The bench itself: each test gets a broker and databases of its own."""

from __future__ import annotations

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.kafka import KafkaPlace


async def test_kafka_carries_a_message(kafka: KafkaPlace) -> None:
    topic = f"{kafka.prefix}raw"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await admin.close()
    async with (
        AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all") as producer,
        AIOKafkaConsumer(
            topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
        ) as consumer,
    ):
        await producer.send_and_wait(topic, b"one")
        assert (await consumer.getone()).value == b"one"


async def test_kafka_creates_no_topic_by_itself(kafka: KafkaPlace) -> None:
    async with AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap) as consumer:
        await consumer.topics()
        assert not [t for t in await consumer.topics() if t.startswith(kafka.prefix)]


@pytest.mark.parametrize("turn", [1, 2])
async def test_postgres_is_migrated_and_new_for_each_test(postgres: str, turn: int) -> None:
    connection = await asyncpg.connect(postgres)
    try:
        assert await connection.fetchval("select count(*) from schema_migrations") > 0
        await connection.execute("create table mine (turn int)")
    finally:
        await connection.close()


async def test_empty_postgres_sorts_by_code_point_and_has_no_tables(empty_postgres: str) -> None:
    connection = await asyncpg.connect(empty_postgres)
    try:
        tables = "select count(*) from pg_tables where schemaname = 'public'"
        assert await connection.fetchval(tables) == 0
        assert await connection.fetchval("select 'Z' < 'a' and upper('ä') = 'Ä'")
        assert await connection.fetchval("show server_encoding") == "UTF8"
    finally:
        await connection.close()
