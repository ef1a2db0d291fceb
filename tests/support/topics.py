"""What lies on the topics of an installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.contracts.topics import INPUT_OF, TOPICS
from syncline.contracts.wire import Delivery, Partition
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.reader import KafkaReader

ALL = tuple(topic.name for topic in TOPICS)
GROUPS = {
    "trigger": ["triggers"], "ingest": ["runs"],
    "retry": [name for name in ALL if name.startswith("retry.")],
    "normalize": ["raw"], "transform": ["canonical"], "execute": ["payload"],
    "deadletter": ["dlq"], "finalize": ["outcomes"],
}  # fmt: skip
"""In the order of the flow: what one has finished lies before the next when that one is asked."""


async def lying(
    connection: KafkaConnection, topic: str, *, with_foreign: bool = False
) -> list[Delivery]:
    """Read a topic from its beginning to what is its end now."""
    reader = KafkaReader(connection, topic, from_beginning=True, with_foreign=with_foreign)
    await reader.start()
    try:
        found: list[Delivery] = []
        while not await reader.at_end():
            found += await reader.poll(0.2)
        return found
    finally:
        await reader.stop()


async def lying_on(
    connection: KafkaConnection, topics: Sequence[str] = ALL
) -> dict[str, list[Delivery]]:
    """Read several topics."""
    return {topic: await lying(connection, topic) for topic in topics}


async def bundle_ends(connection: KafkaConnection) -> Mapping[Partition, int]:
    """Return where each partition ends on which bundles travel or wait for a retry."""
    topics = [*INPUT_OF.values(), *GROUPS["retry"]]
    return (await KafkaAdmin(connection).lag("nobody", topics)).ends


async def nothing_waits(connection: KafkaConnection) -> bool:
    """Tell whether every service has finished what lies on its topics."""
    admin = KafkaAdmin(connection)
    lags = [await admin.lag(group, topics) for group, topics in GROUPS.items()]
    return not any(lag for group in lags for lag in group.by_topic().values())
