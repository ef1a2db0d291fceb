"""How the broker keeps a topic, in Kafka's own words; and the same for the Helm chart."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from syncline.contracts.rights import RIGHTS, acls_of
from syncline.contracts.topics import READS, TOPICS, Topic

MAX_BATCH = 4 * 1024 * 1024
"""Bytes of the largest batch of messages that a topic takes."""
CHART_FILE = Path("deploy/helm/syncline/files/pipeline.yaml")
_HEAD = "# Made by `python -m syncline.kafka.topic_policy` from shared/syncline/contracts.\n"


def policy_of(topic: Topic) -> dict[str, str]:
    """Return a topic's configuration on the broker."""
    policy = {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "max.message.bytes": str(MAX_BATCH),
    }
    if not topic.compacted:
        policy["retention.ms"] = str(topic.keep_ms)
    if topic.segment_ms is not None:
        policy["segment.ms"] = str(topic.segment_ms)
    if topic.broker_time:
        policy["message.timestamp.type"] = "LogAppendTime"
    return policy


def min_in_sync(replication: int) -> int:
    """Return how many copies a message needs to count as sent: one broker of three may be away.

    With two copies it is one: else each restart of a broker would stop the installation.
    """
    return 2 if replication > 2 else 1


def chart_file() -> str:
    """Return what the Helm chart knows of topics and services, as YAML."""
    topics = [
        {"name": topic.name, "single": topic.single, "config": policy_of(topic)} for topic in TOPICS
    ]
    acls = {name: msgspec.to_builtins(acls_of(rights)) for name, rights in RIGHTS.items()}
    reads = {name: list(topics) for name, topics in READS.items()}
    document = {"reads": reads, "topics": topics, "acls": acls}
    return _HEAD + yaml.safe_dump(document, sort_keys=False)


if __name__ == "__main__":
    CHART_FILE.write_text(chart_file())
