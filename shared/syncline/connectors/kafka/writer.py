"""Writing a bulk to a topic: a message for each record, keyed, acknowledged by all replicas."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from aiokafka.partitioner import DefaultPartitioner

from syncline.connectors.errors import refusal
from syncline.connectors.kafka.errors import NOT_PERMITTED, TOO_LARGE, failure_of, translated
from syncline.connectors.kafka.settings import TopicTarget
from syncline.connectors.port import WriteBatch, WriteResult
from syncline.connectors.projection import text_of
from syncline.contracts.messages import decoder_of
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.mapping.paths import parse_path, reader
from syncline.domain.record import Record

OVERHEAD = 200
"""Bytes that a message takes beside its key, value and headers, at most."""
_decode = decoder_of(Record).decode
_partition_of = DefaultPartitioner()


class _Message(NamedTuple):
    """A record's message; `place` is the record's in its bulk."""

    place: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class TopicWriter:
    """Writes one bulk.

    Args:
        reopen: gives a new producer. After a batch that the broker refused, the numbers that a
            producer gives to its messages are no longer those that the broker expects.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        target: TopicTarget,
        max_message: int,
        reopen: Callable[[], Awaitable[AIOKafkaProducer]],
    ) -> None:
        self._producer = producer
        self._target = target
        self._max_message = max_message
        self._reopen = reopen

    async def write(self, batch: WriteBatch, within: float) -> WriteResult:
        """Write it, within so many seconds. Raises ConnectorError: there is no such topic."""
        self._result = WriteResult([None] * len(batch.payloads))
        self._again: list[tuple[int, _Message]] = []
        spread: dict[int, list[_Message]] = {}
        partitions = await self._partitions()
        for message in self._messages(batch):
            partition = _partition_of(message.key, partitions, partitions)
            spread.setdefault(partition, []).append(message)
        self._open = {message.place for messages in spread.values() for message in messages}
        try:
            async with asyncio.timeout(within):
                await self._send_all(spread)
        except (TimeoutError, FailureError) as error:  # some may have been acknowledged before
            failure = failure_of(TimeoutError(), upsert=self._target.upsert)
            if isinstance(error, FailureError):
                failure = error.failure
            self._fail(sorted(self._open), failure)
        return self._result

    async def _send_all(self, spread: Mapping[int, Sequence[_Message]]) -> None:
        """Send the messages of all partitions, and those again that were refused with others.

        Raises RetriableError, ConnectorError: a new producer cannot be had.
        """
        sent = [
            (partition, part, answer)
            for partition, messages in spread.items()
            for part, answer in await self._send(partition, messages)
        ]
        for partition, part, answer in sent:
            await self._acknowledged(partition, part, answer)
        again, self._again = self._again, []
        for partition, message in again:
            self._producer = await self._reopen()
            for part, answer in await self._send(partition, [message]):
                await self._acknowledged(partition, part, answer)

    async def _partitions(self) -> list[int]:
        topic = self._target.topic
        # The client's question about one topic would let a broker create it: this one is about all.
        cluster = await self._producer.client.fetch_all_metadata()
        if topic not in cluster.topics():
            message = f"there is no topic {topic!r}, or this user may not see it (right: Describe)"
            raise refusal("no_topic", message)
        await self._producer.client.add_topic(topic)
        return sorted(cluster.partitions_for_topic(topic) or ())

    def _messages(self, batch: WriteBatch) -> list[_Message]:
        """Return the messages of records that can be sent; the others fail."""
        keys = _keys(batch)
        own = [(name, text.encode()) for name, text in self._target.headers.items()]
        own += [
            ("content-type", b"application/json"),
            ("syncline-run", batch.correlation_id.encode()),
        ]
        made = []
        for place, value in enumerate(batch.payloads):
            key, source_id = keys[place].encode(), batch.source_ids[place].encode()
            headers = [*own, ("syncline-source-id", source_id)]
            if batch.keys:
                headers.append(("syncline-key", batch.keys[place].encode()))
            size = OVERHEAD + len(key) + len(value) + sum(len(n) + len(v) + 10 for n, v in headers)
            if not key:
                message = f"the match key {batch.match_key[0]} is empty: the message has no key"
                self._fail([place], Failure(Category.PERMANENT, "empty_key", message))
            elif size > self._max_message:
                self._fail([place], failure_of(MessageSizeTooLargeError(), upsert=True))
            else:
                made.append(_Message(place, key, value, headers))
        return made

    async def _send(
        self, partition: int, messages: Sequence[_Message]
    ) -> list[tuple[Sequence[_Message], Awaitable[object]]]:
        """Send messages of one partition in their order, in as few batches as hold them."""
        sent: list[tuple[Sequence[_Message], Awaitable[object]]] = []
        place = 0
        while place < len(messages):
            builder, begin = self._producer.create_batch(), place
            while place < len(messages):
                m = messages[place]
                if not builder.append(key=m.key, value=m.value, timestamp=None, headers=m.headers):
                    break
                place += 1
            topic = self._target.topic
            try:
                answer = await self._producer.send_batch(builder, topic, partition=partition)
            except KafkaError as error:
                answer = asyncio.get_running_loop().create_future()
                answer.set_exception(error)
            answer.add_done_callback(_seen)
            sent.append((messages[begin:place], answer))
        return sent

    async def _acknowledged(
        self, partition: int, part: Sequence[_Message], answer: Awaitable[object]
    ) -> None:
        places = [message.place for message in part]
        try:
            base = getattr(await answer, "offset", -1)
        except OutOfOrderSequenceNumber:  # behind a batch that was refused, and refused with it
            self._again += [(partition, message) for message in part]
        except NOT_PERMITTED as error:
            self._result.stopped |= dict.fromkeys(places, translated(error).failure)
            self._open.difference_update(places)
        except KafkaError as error:
            if isinstance(error, TOO_LARGE) and len(part) > 1:
                self._again += [(partition, message) for message in part]
            else:
                self._open.difference_update(places)
                self._fail(places, failure_of(error, upsert=self._target.upsert))
        else:
            self._open.difference_update(places)
            for number, place in enumerate(places):
                self._result.target_ids[place] = f"{partition}-{base + number}"

    def _fail(self, places: Sequence[int], failure: Failure) -> None:
        self._result.failures |= dict.fromkeys(places, failure)


def _seen(answer: asyncio.Future[object]) -> None:
    """Let nobody be told of an error that came after the write had ended."""
    if not answer.cancelled():
        answer.exception()


def _keys(batch: WriteBatch) -> list[str]:
    """Return the keys of messages: match keys, or source IDs where the mapping names no match key.

    "" where a match key is empty.
    """
    if not batch.match_key:
        return batch.source_ids
    read: Callable[[object], object] = reader(parse_path(batch.match_key[0]))
    return [text_of(read(_decode(payload))) for payload in batch.payloads]
