"""What lies on the topics of an installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.contracts.topics import INPUT_OF, TOPICS
from syncline.contracts.wire import Delivery, Partition
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.lag import LagReader
from syncline.kafka.reader import KafkaReader
from tests.support.eventually import eventually

ALL = tuple(topic.name for topic in TOPICS)
GROUPS = {
    "trigger": ["triggers"], "ingest": ["runs"],
    "retry": [name for name in ALL if name.startswith("retry.")],
    "normalize": ["raw"], "transform": ["canonical"], "execute": ["payload"],
    "deadletter": ["dlq"], "finalize": ["outcomes"],
}  # fmt: skip


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


async def until_nothing_waits(connection: KafkaConnection, within: float = 60) -> None:
    """Wait until every service has finished what lies on its topics."""
    reader = LagReader(connection, GROUPS)
    before: list[Mapping[Partition, int]] | None = None

    async def nothing_waits() -> bool:
        # Of what a service has finished, the rest lies on the next topic already: where one look
        # found nothing to do, and the next one the same ends, nothing came in between.
        nonlocal before
        lags = (await reader.look()).values()
        is_idle = not any(sum(lag.by_topic().values()) for lag in lags)
        ends = [lag.ends for lag in lags] if is_idle else None
        before, earlier = ends, before
        return ends is not None and ends == earlier

    try:
        await eventually(nothing_waits, within)
    finally:
        await reader.stop()
