"""Three Kafka nodes on this machine, each broker and controller, any of which can be struck."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from syncline.embedded.kafka import EmbeddedKafka
from tests.support.folders import server_folder
from tests.support.ports import free_port

NODES, REPLICAS, IN_SYNC = 3, "3", "2"
HEAP = "256m"
_SETTINGS = {
    "default.replication.factor": REPLICAS,
    "min.insync.replicas": IN_SYNC,
    "offsets.topic.replication.factor": REPLICAS,
    "transaction.state.log.replication.factor": REPLICAS,
    "transaction.state.log.min.isr": IN_SYNC,
    "share.coordinator.state.topic.replication.factor": REPLICAS,
    "share.coordinator.state.topic.min.isr": IN_SYNC,
    # Kafka's own: what a lost broker costs is measured by them.
    "broker.session.timeout.ms": "9000",
    "broker.heartbeat.interval.ms": "2000",
    "metadata.max.idle.interval.ms": "500",
}


class ClusterNode(EmbeddedKafka):
    """One node, which has time: three start at once, and wait for each other."""

    start_within = 300.0

    async def throw_away(self) -> None:
        """End it at once: two that stop in order wait for a third that is gone already."""
        self.kill()
        await self.stop()


class KafkaCluster:
    """The nodes, and how they are."""

    def __init__(self, nodes: Sequence[EmbeddedKafka]) -> None:
        self.nodes = nodes

    @property
    def bootstrap(self) -> str:
        return ",".join(node.bootstrap for node in self.nodes)

    async def start(self) -> None:
        """Start all at once: none answers before most of the controllers know each other."""
        async with asyncio.TaskGroup() as group:
            for node in self.nodes:
                group.create_task(node.start())

    async def leader_of(self, topic: str) -> EmbeddedKafka:
        """Return the node that leads the first partition of a topic."""
        led = {found["topic"]: found["partitions"][0]["leader"] for found in await self._topics()}
        return self.nodes[int(led[topic]) - 1]

    async def is_whole(self) -> bool:
        """Tell whether every replica of every partition is in sync."""
        try:
            found = await self._topics()
        except KafkaError:  # the answer is No
            return False
        parts = [partition for topic in found for partition in topic["partitions"]]
        return all(len(part["isr"]) == len(part["replicas"]) for part in parts)

    async def _topics(self) -> list[dict[str, Any]]:
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await client.start()
        try:
            return list(await client.describe_topics())
        finally:
            await client.close()


@asynccontextmanager
async def kafka_cluster(
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[KafkaCluster]:
    """Start three nodes with three copies of everything, two of which have to be in sync.

    Args:
        settings: of each broker, beside those of all clusters.
    """
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    controllers = {node: free_port() for node in range(1, NODES + 1)}
    voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in controllers.items())
    async with AsyncExitStack() as stack:
        nodes = []
        for node in controllers:
            folder = await stack.enter_async_context(server_folder(f"kafka-{node}"))
            folder.mkdir()
            (folder / "cluster.id").write_text(cluster_id)
            of_node = {"node.id": str(node), "controller.quorum.voters": voters}
            own = _SETTINGS | dict(settings or {}) | of_node
            nodes.append(ClusterNode(folder, free_port(), HEAP, settings=own))
            stack.push_async_callback(nodes[-1].throw_away)
        cluster = KafkaCluster(nodes)
        await cluster.start()
        yield cluster
