"""What a client knows of topics."""

from __future__ import annotations

from collections.abc import Set
from typing import Protocol

from aiokafka import TopicPartition

from syncline.domain.errors import RetriableError


class _Client(Protocol):
    async def end_offsets(self, partitions: list[TopicPartition]) -> object: ...
    def partitions_for_topic(self, topic: str) -> Set[int] | None: ...


def require_topics(wanted: Set[str], existing: Set[str]) -> None:
    """Raise RetriableError when topics are missing: somebody may be about to create them."""
    if wanted - existing:
        raise missing_topic(f"read {', '.join(sorted(wanted - existing))}")


def missing_topic(doing: str) -> RetriableError:
    """Return the error that tells how topics come into being."""
    return RetriableError(
        f"cannot {doing}: no such topic; create them with `syncline topics create`",
        code="topic_missing",
    )


async def partitions_of(client: _Client, topic: str) -> list[TopicPartition]:
    """Return an existing topic's partitions.

    A client knows only topics it has had to do with, and its `topics()` does not teach it any;
    asking for an offset does.
    """
    await client.end_offsets([TopicPartition(topic, 0)])
    return [TopicPartition(topic, n) for n in sorted(client.partitions_for_topic(topic) or ())]
