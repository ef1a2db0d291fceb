"""Kafka clients: starting one, and asking it about topics."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError

from syncline.contracts.topics import is_open
from syncline.contracts.wire import Delivery
from syncline.domain.errors import RetriableError
from syncline.kafka.connection import KafkaConnection

WITHIN = 10_000
"""Milliseconds."""
FETCH = 1024 * 1024
"""Bytes of one partition that a poll fetches, compressed as on the topic."""

FETCH_WAIT = 0.5
"""Seconds; with several partitions, what one gets while others are fetched may have to wait so."""


class KafkaClient(Protocol):
    async def start(self) -> None: ...


async def start(client: KafkaClient, connection: KafkaConnection) -> None:
    """Start a client; raises its error, or the first broker's own error, which says more.

    aiokafka's error is always "unable to bootstrap". So the first broker is asked again, to name
    a wrong password or an unknown certificate authority.
    """
    try:
        await client.start()
    except KafkaConnectionError as error:
        raise (await _reason(connection) or error) from error


async def _reason(connection: KafkaConnection) -> Exception | None:
    host, _, port = connection.bootstrap.split(",")[0].strip().rpartition(":")
    settings = connection.client_settings() | {"request_timeout_ms": WITHIN}
    del settings["bootstrap_servers"]
    try:
        opened = await create_conn(host, int(port), **settings)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the reason
        return error
    opened.close()
    return None


def consumer_of(connection: KafkaConnection, wait: float = FETCH_WAIT) -> AIOKafkaConsumer:
    """Return a consumer without a group, not started.

    Args:
        wait: seconds that a fetch waits at the broker for its first message.
    """
    return AIOKafkaConsumer(
        **connection.client_settings(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH,
        fetch_max_wait_ms=round(wait * 1000),
    )


def delivery_of(
    record: Any,  # noqa: ANN401 - aiokafka has no types
    connection: KafkaConnection,
) -> Delivery:
    """Return a message that a client read as a delivery of a logical topic, verified."""
    r = record
    topic = connection.logical(r.topic)
    headers = tuple((name, value or b"") for name, value in r.headers or ())
    is_ours, foreign = True, None
    if connection.keys is not None:
        is_ours, foreign = connection.keys.verdict(
            r.topic, r.key, r.value, headers, is_open=is_open(topic)
        )
    return Delivery(
        topic, r.partition, r.offset, r.key, r.value, headers, r.timestamp, is_ours, foreign
    )


def require_topics(wanted: Set[str], existing: Set[str]) -> None:
    """Raise RetriableError when topics are missing: they may be created soon."""
    if wanted - existing:
        raise missing_topic(f"read {', '.join(sorted(wanted - existing))}")


def missing_topic(doing: str) -> RetriableError:
    """Return the error of a missing topic, which says how to create it."""
    return RetriableError(
        f"cannot {doing}: no such topic; create them with `syncline topics create`",
        code="topic_missing",
    )


async def partitions_of(client: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """Return an existing topic's partitions: the client learns them when asked for an offset."""
    await client.end_offsets([TopicPartition(topic, 0)])
    return [TopicPartition(topic, n) for n in sorted(client.partitions_for_topic(topic) or ())]


async def members_of(connection: KafkaConnection, group: str) -> list[str]:
    """Return the broker's IDs of a group's members: `NAME-UUID` where the member has a name."""
    client = AIOKafkaAdminClient(**connection.client_settings())
    await start(client, connection)
    try:
        answers = await client.describe_consumer_groups([group])
    finally:
        await client.close()
    return [member[0] for answer in answers for found in answer.groups for member in found[5]]
