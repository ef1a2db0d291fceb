"""How to reach a Kafka cluster, and our names of topics and groups there."""

from __future__ import annotations

from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.helpers import create_ssl_context

from syncline.contracts.wire import Partition
from syncline.security.message_keys import MessageKeys

ANSWERS_WITHIN = 20.0
"""Seconds after which a broker that says nothing is given up, and others are asked who leads now;
half of the client's own. The longest answers are those to a member that joins: others end their
calls first. One that takes longer is asked for again."""


class KafkaConnection(msgspec.Struct, frozen=True):
    """A cluster and the names we use on it.

    Attributes:
        prefix: of every topic and group: `syncline.` makes `syncline.raw`.
        compression: of produced batches: `zstd`, `lz4`, `snappy`, `gzip` or None.
        session_timeout: seconds of silence after which a member of a group counts as dead.
        member: the name under which this process is a member of its group, also after a restart;
            None: a restarted process is a new member.
        keys: sign what is sent and verify what is read; without them everything is believed, as
            only tools that read and write nothing of an installation may do.
        partitions: most partitions of a topic that are used, so that those which are added to it
            move no lane; None: all that there are.
        max_message: bytes of the largest message before compression, as contracts.wire.size_of
            counts; topics take a third more.
    """

    bootstrap: str
    prefix: str = "syncline."
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = None
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    client_id: str = "syncline"
    compression: str | None = "zstd"
    max_message: int = 3_145_728
    session_timeout: float = 7.0
    member: str | None = None
    keys: MessageKeys | None = None
    partitions: int | None = None

    def __repr__(self) -> str:
        return f"KafkaConnection({self.bootstrap!r}, {self.prefix!r})"

    def topic(self, name: str) -> str:
        """Return a logical topic's name on the broker."""
        return f"{self.prefix}{name}"

    def logical(self, topic: str) -> str:
        """Return a topic's logical name."""
        return topic.removeprefix(self.prefix)

    def group(self, name: str) -> str:
        """Return a consumer group's name on the broker."""
        return f"{self.prefix}{name}"

    def number(self, spread: int, count: int) -> int:
        """Return the partition of a message on a topic of so many partitions."""
        return spread % (count if self.partitions is None else min(count, self.partitions))

    def named(self, partition: TopicPartition) -> Partition:
        """Return a broker's partition with its topic's logical name."""
        return self.logical(partition.topic), partition.partition

    def placed(self, partition: Partition) -> TopicPartition:
        """Return a partition with its topic's name on the broker."""
        return TopicPartition(self.topic(partition[0]), partition[1])

    def client_settings(self) -> dict[str, Any]:
        """Return the settings of every aiokafka client."""
        settings: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            "security_protocol": self.security_protocol,
            "request_timeout_ms": round(ANSWERS_WITHIN * 1000),
        }
        if self.security_protocol.endswith("SSL"):
            settings["ssl_context"] = create_ssl_context(
                cafile=self.ssl_cafile, certfile=self.ssl_certfile, keyfile=self.ssl_keyfile
            )
        if self.security_protocol.startswith("SASL"):
            settings["sasl_mechanism"] = self.sasl_mechanism
            settings["sasl_plain_username"] = self.sasl_username
            settings["sasl_plain_password"] = self.sasl_password
        return settings
