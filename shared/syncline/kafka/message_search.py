"""Finds single messages on topics, within limits of time and bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from syncline.contracts.wire import Delivery
from syncline.kafka.client import consumer_of, delivery_of, partitions_of, require_topics, start
from syncline.kafka.connection import KafkaConnection
from syncline.kafka.failures import stop_quietly, translated
from syncline.kafka.reader import STOP_WITHIN

WAIT = 200
"""Milliseconds of one poll."""


class Look(msgspec.Struct, frozen=True):
    """A message to look for on one topic.

    Attributes:
        topic: logical name.
        spread: as of the producer; decides the partition.
        key: of the message.
        begin, end: it was written between these, in milliseconds since 1970.
        is_it: recognises the message among those with the key.
    """

    topic: str
    spread: int
    key: bytes
    begin: int
    end: int
    is_it: Callable[[Delivery], bool]


class Sighting(msgspec.Struct):
    """The state of one search.

    Attributes:
        position, stop: the next offset, and the first one that is too late.
        begins_late: the topic's oldest message is newer than `begin`.
        delivery: the message, None while it was not found.
    """

    look: Look
    position: int
    stop: int
    begins_late: bool
    delivery: Delivery | None = None

    @property
    def is_gone(self) -> bool:
        """Whether retention may have deleted the message."""
        return self.begins_late and self.delivery is None

    @property
    def is_complete(self) -> bool:
        """Whether the search has ended: it found the message or read all."""
        return self.delivery is not None or self.position >= self.stop


async def locate(
    connection: KafkaConnection, looks: Sequence[Look], *, within: float, most: int
) -> list[Sighting]:
    """Look for messages, each on one partition of its topic, and return the state of each search.

    Args:
        within: seconds; a search that takes longer is not complete.
        most: bytes of messages to read.

    Raises:
        RetriableError: the broker is away, or a topic does not exist.
        BrokerRefusedError: credentials or rights are wrong.
    """
    if not looks:
        return []
    client = consumer_of(connection)
    with translated("read messages back"):
        try:
            await start(client, connection)
            searches = await _searches(client, connection, looks)
            with suppress(TimeoutError):  # a search that ran out of time is returned as it is
                async with asyncio.timeout(within):
                    await _read(client, connection, searches, most)
        finally:
            await stop_quietly(client.stop(), STOP_WITHIN, "locating")
    by_look = {id(search.look): search for search in searches.values()}
    return [by_look[id(look)] for look in looks]


async def _searches(
    client: AIOKafkaConsumer, connection: KafkaConnection, looks: Sequence[Look]
) -> Mapping[TopicPartition, Sighting]:
    """Find the first offset of each search."""
    names = {connection.topic(look.topic) for look in looks}
    require_topics(names, await client.topics())
    places: dict[TopicPartition, Look] = {}
    for look in looks:
        partitions = await partitions_of(client, connection.topic(look.topic))
        places[partitions[connection.number(look.spread, len(partitions))]] = look
    client.assign(list(places))
    first = await client.beginning_offsets(list(places))
    last = await client.end_offsets(list(places))
    begins = await client.offsets_for_times({p: look.begin for p, look in places.items()})
    ends = await client.offsets_for_times({p: look.end for p, look in places.items()})
    searches = {}
    for place, look in places.items():
        position = begins[place].offset if begins[place] else last[place]
        stop = ends[place].offset if ends[place] else last[place]
        client.seek(place, position)
        searches[place] = Sighting(look, position, stop, 0 < position == first[place])
    return searches


async def _read(
    client: AIOKafkaConsumer,
    connection: KafkaConnection,
    searches: Mapping[TopicPartition, Sighting],
    most: int,
) -> None:
    """Read until every search has ended, or enough bytes were read."""
    left = most
    while left > 0:
        for place, search in searches.items():
            if search.is_complete:
                client.pause(place)
        if all(search.is_complete for search in searches.values()):
            return
        for place, messages in (await client.getmany(timeout_ms=WAIT)).items():
            left -= _take(connection, searches[place], messages)
        for place, search in searches.items():
            search.position = max(search.position, await client.position(place))


def _take(
    connection: KafkaConnection,
    search: Sighting,
    messages: Sequence[ConsumerRecord[object, object]],
) -> int:
    """Search messages of a partition, and return how many bytes they have."""
    size = 0
    for m in messages:
        size += len(m.value or b"")
        if m.key == search.look.key and m.offset < search.stop and search.delivery is None:
            delivery = delivery_of(m, connection)
            if delivery.foreign is None and search.look.is_it(delivery):
                search.delivery = delivery
    return size
