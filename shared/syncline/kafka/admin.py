"""Creates the installation's topics and reads their state and lag."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from syncline.contracts.rights import Acl
from syncline.contracts.topics import TOPICS, Topic, tenant_triggers
from syncline.kafka.client import start
from syncline.kafka.cluster_state import ClusterState, read_cluster
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import BrokerRefusedError, translated
from syncline.kafka.granted_rights import missing_rights, read_grants
from syncline.kafka.lag import GroupLag, LagReader
from syncline.kafka.topic_policy import min_in_sync, policy_of

ALREADY_EXISTS = 36
LED_WITHIN = 20.0
"""Seconds."""


class TopicState(msgspec.Struct, frozen=True, rename="camel"):
    """A topic of ours on the broker; with 0 partitions it is missing."""

    name: str
    partitions: int
    purpose: str


class KafkaAdmin:
    """Administers the installation's topics. Every method may raise RetriableError."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection

    async def create_topics(
        self, partitions: int, replication: int, tenants: Sequence[str] = ()
    ) -> list[str]:
        """Create missing topics, also these tenants' own, and return their names.

        Raises BrokerRefusedError.
        """
        async with self._client() as client:
            existing = set(await client.list_topics())
            wanted = (*TOPICS, *map(tenant_triggers, tenants))
            missing = [t for t in wanted if self._connection.topic(t.name) not in existing]
            new = [self._new(topic, partitions, replication) for topic in missing]
            if new:
                _check(await client.create_topics(new))
                await _until_led(client, [topic.name for topic in new])
            return [topic.name for topic in new]

    async def create_tenant_topic(self, tenant: str, replication: int) -> str:
        """Create a tenant's trigger topic if it is missing, and return its name.

        Raises BrokerRefusedError.
        """
        topic = self._new(tenant_triggers(tenant), 1, replication)
        async with self._client() as client:
            _check(await client.create_topics([topic]))
            await _until_led(client, [topic.name])
        return str(topic.name)

    async def topics(self) -> list[TopicState]:
        """Return every topic of ours with its partitions."""
        names = [self._connection.topic(topic.name) for topic in TOPICS]
        async with self._client() as client:
            found = await client.describe_topics(names)
        described = {d["topic"]: len(d["partitions"]) for d in found if not d["error_code"]}
        return [
            TopicState(name, described.get(name, 0), topic.purpose)
            for name, topic in zip(names, TOPICS, strict=True)
        ]

    async def cluster(self) -> str | None:
        """Return the cluster's ID, None while no broker is live."""
        async with self._client() as client:
            found = await client.describe_cluster()
        return found["cluster_id"] if found["brokers"] else None

    async def state(self) -> ClusterState:
        """Return the state of the brokers and of our topics' copies."""
        async with self._client() as client:
            names = [self._connection.topic(topic.name) for topic in TOPICS]
            return await read_cluster(client, names)

    async def missing_rights(self) -> dict[str, list[Acl]] | None:
        """Return what services need and nobody has been granted; None: anybody may do anything.

        Raises BrokerRefusedError: this user may not ask.
        """
        async with self._client() as client:
            grants = await read_grants(client)
        return None if grants is None else missing_rights(grants, self._connection.prefix)

    async def lag(self, group: str, topics: Sequence[str]) -> GroupLag:
        """Return how far a group is behind on these topics now."""
        reader = LagReader(self._connection, {group: topics})
        try:
            return (await reader.look())[group]
        finally:
            await reader.stop()

    def _new(self, topic: Topic, partitions: int, replication: int) -> NewTopic:
        return NewTopic(
            self._connection.topic(topic.name),
            1 if topic.single else partitions,
            replication,
            topic_configs={
                **policy_of(topic),
                "min.insync.replicas": str(min_in_sync(replication)),
            },
        )

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[AIOKafkaAdminClient]:
        client = AIOKafkaAdminClient(**self._connection.client_settings())
        with translated():
            await start(client, self._connection)
            try:
                yield client
            finally:
                await client.close()


async def _until_led(client: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    """Wait until every partition of new topics has a leader and can be used."""
    async with asyncio.timeout(LED_WITHIN):
        while not all(map(_is_led, await client.describe_topics(list(names)))):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the broker sends no message when it is done


def _is_led(topic: Mapping[str, Any]) -> bool:
    partitions = topic["partitions"]
    return not topic["error_code"] and all(p["leader"] >= 0 for p in partitions)


def _check(response: object) -> None:
    for name, code, *words in getattr(response, "topic_errors", ()):
        if code not in (0, ALREADY_EXISTS):
            reason = (words and words[0]) or for_code(code).__name__
            raise BrokerRefusedError(f"Kafka did not create topic {name}: {reason}")
