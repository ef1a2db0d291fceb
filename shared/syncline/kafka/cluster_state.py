"""How a cluster is: its brokers, and the copies of each topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

OFFSETS = "__consumer_offsets"
"""Kafka's own topic of what groups have read."""


class TopicCopies(msgspec.Struct, frozen=True):
    """The copies of one topic.

    Attributes:
        name: on the broker.
        copies, in_sync: of the partition that has the fewest.
        leaderless: partitions that nobody can write to or read.
        needed: copies that must have a message before it counts as sent; None: not told.
        keep_ms: milliseconds that messages are kept, -1 for ever; None: not told, or compacted.
    """

    name: str
    copies: int
    in_sync: int
    leaderless: int = 0
    needed: int | None = None
    keep_ms: int | None = None


class ClusterState(msgspec.Struct, frozen=True):
    """A cluster at one moment.

    Attributes:
        brokers: `host:port` of those that live, by their IDs.
        away: IDs of brokers that have copies of ours and do not live.
        topics: ours that exist, and Kafka's own of the groups' offsets.
    """

    brokers: Mapping[int, str]
    away: frozenset[int]
    topics: Sequence[TopicCopies]


async def read_cluster(client: AIOKafkaAdminClient, names: Sequence[str]) -> ClusterState:
    """Return the state of the cluster and of topics; `names` are theirs on the broker."""
    found = await client.describe_cluster()
    brokers = {b["node_id"]: f"{b['host']}:{b['port']}" for b in found["brokers"]}
    existing = set(await client.list_topics())
    wanted = [name for name in (*names, OFFSETS) if name in existing]
    described = await client.describe_topics(wanted) if wanted else []
    settings = await _settings_of(client, wanted) if wanted else {}
    away = {id_ for topic in described for p in topic["partitions"] for id_ in p["replicas"]}
    copies = [
        _copies(topic, settings.get(topic["topic"], {})) for topic in described
        if topic["partitions"]
    ]  # fmt: skip
    return ClusterState(brokers, frozenset(away - brokers.keys()), copies)


def _copies(topic: Mapping[str, Any], settings: Mapping[str, str]) -> TopicCopies:
    parts = topic["partitions"]
    needed, keep = settings.get("min.insync.replicas"), settings.get("retention.ms")
    is_compacted = settings.get("cleanup.policy") == "compact"
    return TopicCopies(
        topic["topic"],
        min(len(part["replicas"]) for part in parts),
        min(len(part["isr"]) for part in parts),
        sum(part["leader"] < 0 for part in parts),
        int(needed) if needed is not None else None,
        int(keep) if keep is not None and not is_compacted else None,
    )


async def _settings_of(
    client: AIOKafkaAdminClient, names: Sequence[str]
) -> Mapping[str, Mapping[str, str]]:
    """Return the settings of topics, without those that the user may not ask about."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await client.describe_configs(asked)
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for error, _words, _type, name, entries in answer.resources
        if not error
    }
