"""What topics do that tables do not: gaps, transactions, retention, growth, odd messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RequestTimedOutError

from syncline.connectors.kafka import reader
from syncline.connectors.kafka.connector import KafkaConnector
from syncline.connectors.port import ConnectorError, Page, Surroundings, WriteBatch
from syncline.domain.errors import Category, RetriableError
from syncline.testing.connectors.connections import item
from syncline.testing.connectors.reads import ids_of
from syncline.testing.connectors.targets import batch_of
from tests.support.topics_of_others import (
    OthersTopics,
    connector_to,
    of_topic,
    others_topics,
    read,
)


@pytest.fixture
async def topics(kafka_bootstrap: str) -> AsyncIterator[OthersTopics]:
    async with others_topics(kafka_bootstrap) as topics:
        yield topics


@pytest.fixture
async def connector(kafka_bootstrap: str) -> AsyncIterator[KafkaConnector]:
    connector = connector_to(kafka_bootstrap)
    yield connector
    await connector.close()


def value(n: int) -> bytes:
    return b'{"n":%d}' % n


def numbered(*numbers: int) -> list[tuple[bytes, bytes]]:
    return [(b"k%d" % n, value(n)) for n in numbers]


def cursor_of(pages: list[Page]) -> str:
    cursor = pages[-1].cursors[-1]
    assert cursor is not None
    return cursor


@asynccontextmanager
async def transaction(topics: OthersTopics, *, commits: bool = True) -> AsyncIterator[Any]:
    """Write to topics in a transaction of a producer of its own."""
    producer = AIOKafkaProducer(
        bootstrap_servers=topics.bootstrap, transactional_id=f"t{id(topics)}{commits}"
    )
    await producer.start()
    await producer.begin_transaction()
    yield producer
    if commits:
        await producer.commit_transaction()
    else:
        await producer.abort_transaction()
    await producer.stop()


async def test_all_partitions_are_read_and_read_on(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create(3)
    for partition in range(3):
        await topics.write(topic, numbered(*range(partition * 10, partition * 10 + 5)), partition)

    pages = await read(connector, of_topic(topic), page_size=4)

    assert sorted(ids_of(pages)) == sorted(f"k{p * 10 + n}" for p in range(3) for n in range(5))
    assert cursor_of(pages) == '{"0":5,"1":5,"2":5}'
    assert await read(connector, of_topic(topic), after=cursor_of(pages)) == []
    for place, page in enumerate(pages):
        for cursor in page.cursors:
            assert sum(json.loads(cursor or "").values()) <= 15
        rest = await read(connector, of_topic(topic), position=page.position)
        assert sorted(ids_of(pages[: place + 1]) + ids_of(rest)) == sorted(ids_of(pages))

    await topics.write(topic, numbered(99), 1)
    again = await read(connector, of_topic(topic), after=cursor_of(pages))
    assert (ids_of(again), cursor_of(again)) == (["k99"], '{"0":5,"1":6,"2":5}')


async def test_a_partition_that_was_added_is_read_from_its_beginning(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create(1)
    await topics.write(topic, numbered(1))
    before = await read(connector, of_topic(topic))
    await topics.grow(topic, 2)
    await topics.producer.client.fetch_all_metadata()
    await topics.producer.client.force_metadata_update()
    await topics.write(topic, numbered(2), 1)

    pages = await read(connector, of_topic(topic), after=cursor_of(before))

    assert (ids_of(pages), cursor_of(pages)) == (["k2"], '{"0":1,"1":1}')


async def test_only_committed_transactions_are_read_and_their_markers_passed(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    async with transaction(topics) as producer:
        await producer.send_and_wait(topic, value(1), key=b"k1")
    async with transaction(topics, commits=False) as producer:
        await producer.send_and_wait(topic, value(2), key=b"k2")

    pages = await read(connector, of_topic(topic))

    assert ids_of(pages) == ["k1"]
    assert cursor_of(pages) == '{"0":4}'  # behind two records and two markers

    await topics.write(topic, numbered(3))
    async with transaction(topics) as producer:
        await producer.send_and_wait(topic, value(4), key=b"k4")
        await topics.write(topic, numbered(5))
        pages = await read(connector, of_topic(topic), after=cursor_of(pages))
        assert ids_of(pages) == ["k3"]  # the rest waits for the open transaction
    pages = await read(connector, of_topic(topic), after=cursor_of(pages))
    assert ids_of(pages) == ["k4", "k5"]


async def test_messages_that_retention_deleted_are_told_of(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create(2)
    await topics.write(topic, numbered(1, 2))
    pages = await read(connector, of_topic(topic))
    await topics.write(topic, numbered(3, 4, 5, 6))
    await topics.forget(topic, {0: 2})
    rest = await read(connector, of_topic(topic), after=cursor_of(pages))
    assert ids_of(rest) == ["k3", "k4", "k5", "k6"]

    await topics.forget(topic, {0: 5})
    with pytest.raises(ConnectorError) as caught:
        await read(connector, of_topic(topic), after=cursor_of(pages))

    assert caught.value.failure.code == "messages_deleted"
    assert "up to 3 messages" in caught.value.failure.message
    assert 'Set the cursor to {"0":5,"1":0}' in caught.value.failure.message
    rest = await read(connector, of_topic(topic), after='{"0":5,"1":0}')
    assert ids_of(rest) == ["k6"]
    assert ids_of(await read(connector, of_topic(topic))) == ["k6"]


async def test_messages_that_are_deleted_while_they_are_read_are_told_of(
    topics: OthersTopics, connector: KafkaConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await topics.create()
    await topics.write(topic, numbered(*range(9)))
    poll = reader.TopicReader._poll

    async def late_poll(self: reader.TopicReader, size: int) -> Any:
        await poll(self, size)  # so that no fetch from 0 is under way, which would be answered
        await topics.forget(topic, {0: 5})
        self._at[0] = 0
        self._consumer.seek(TopicPartition(topic, 0), 0)
        return await poll(self, size)

    monkeypatch.setattr(reader.TopicReader, "_poll", late_poll)
    with pytest.raises(ConnectorError, match="up to 5 messages"):
        await read(connector, of_topic(topic))


async def test_a_read_ends_at_the_end_that_it_saw_at_its_start(
    topics: OthersTopics, connector: KafkaConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await topics.create(2)
    await topics.write(topic, numbered(1, 2))
    begin = reader.TopicReader.begin

    async def late(self: reader.TopicReader, start: str | None) -> None:
        await begin(self, start)
        await topics.write(topic, numbered(3, 4))
        await topics.write(topic, numbered(5), 1)

    with monkeypatch.context() as patch:
        patch.setattr(reader.TopicReader, "begin", late)
        pages = await read(connector, of_topic(topic))

    assert (ids_of(pages), cursor_of(pages)) == (["k1", "k2"], '{"0":2,"1":0}')
    again = await read(connector, of_topic(topic), after=cursor_of(pages))
    assert sorted(ids_of(again)) == ["k3", "k4", "k5"]


async def test_a_topic_that_was_made_anew_is_told_of(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    await topics.write(topic, numbered(1))
    for cursor in ('{"0":7}', '{"0":1,"1":0}'):
        with pytest.raises(ConnectorError) as caught:
            await read(connector, of_topic(topic), after=cursor)
        assert caught.value.failure.code == "topic_replaced"


async def test_a_cursor_that_is_none_is_refused(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    with pytest.raises(ConnectorError) as caught:
        await read(connector, of_topic(topic), after="2026-01-01")
    assert caught.value.failure.code == "invalid_cursor"


async def test_of_one_key_the_last_message_of_a_page_counts(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    await topics.write(topic, [(b"a", value(1)), (b"b", value(2)), (b"a", value(3))])
    (page,) = await read(connector, of_topic(topic))

    assert page.ids == ["b", "a"]
    assert page.records.column("n") == [2, 3]
    assert page.cursors == ['{"0":2}', '{"0":3}']
    found = await connector.fetch(of_topic(topic), ["a"])
    assert found.records.records() == [{"_key": "a", "_deleted": False, "n": 3}]


async def test_odd_messages_fail_alone_and_deletions_are_records(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    odd = [
        (b"a", value(1)),
        (b"b", b"{"),
        (b"c", b"\x00\x00\x00\x00\x07avro"),
        (b"d", b"\xff\xfe"),
        (b"\xff", value(2)),
        (None, value(3)),
        (b"a", None),
        (b"e", b"17"),
    ]
    await topics.write(topic, odd)
    (page,) = await read(connector, of_topic(topic))

    codes = [f.code for _, f in sorted(page.bad.items())]
    assert codes == ["invalid_json", "schema_registry", "invalid_json", "invalid_encoding"]
    good = [n for n in range(len(page.ids)) if n not in page.bad]
    assert page.part(good).records.records() == [
        {"_key": "0-5", "_deleted": False, "n": 3},
        {"_key": "a", "_deleted": True},
        {"_key": "e", "_deleted": False, "value": 17},
    ]
    (page,) = await read(connector, of_topic(topic, options={"deletes": "leaveOut"}))
    assert "a" not in [page.ids[n] for n in range(len(page.ids)) if n not in page.bad][2:]
    assert page.cursors[-1] == '{"0":8}'


async def test_messages_that_are_left_out_at_the_end_are_passed(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    await topics.write(topic, [(b"a", value(1)), (b"b", None), (b"c", None)])
    extraction = of_topic(topic, options={"deletes": "leaveOut"})

    for size in (1, 10):
        pages = await read(connector, extraction, page_size=size)
        assert (ids_of(pages), cursor_of(pages)) == (["a"], '{"0":3}')
        assert pages[-1].position == '{"0":3}'


async def test_metadata_is_given_where_it_is_asked_for(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    await topics.producer.send_and_wait(
        topic, value(1), key=b"a", timestamp_ms=1_700_000_000_123, headers=[("source", b"erp")]
    )
    (page,) = await read(connector, of_topic(topic, options={"metadata": True}))

    assert page.records.records() == [
        {
            "_key": "a",
            "_deleted": False,
            "n": 1,
            "_partition": 0,
            "_offset": 0,
            "_timestamp": "2023-11-14T22:13:20.123000+00:00",
            "_headers": {"source": "erp"},
        }
    ]


async def test_a_message_larger_than_a_fetch_is_read(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create()
    large = json.dumps({"text": "x" * 2_000_000}).encode()
    await topics.write(topic, [(b"a", large), (b"b", value(2))])

    assert ids_of(await read(connector, of_topic(topic))) == ["a", "b"]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_packed_messages_are_read(
    topics: OthersTopics, connector: KafkaConnector, codec: str
) -> None:
    topic = await topics.create()
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, compression_type=codec)
    await producer.start()
    await producer.send_and_wait(topic, b'{"text":"' + b"x" * 5000 + b'"}', key=b"a")
    await producer.stop()

    assert ids_of(await read(connector, of_topic(topic))) == ["a"]


@pytest.mark.parametrize("topic", ["__consumer_offsets", "syncline.raw"])
async def test_topics_of_kafka_and_of_syncline_are_closed(
    connector: KafkaConnector, topic: str
) -> None:
    batch = _batch([item(1)], topic=topic)
    for call in (
        read(connector, of_topic(topic)),
        connector.fetch(of_topic(topic), ["1"]),
        connector.describe(of_topic(topic)),
        connector.write(batch),
    ):
        with pytest.raises(ConnectorError) as caught:
            await call
        assert caught.value.failure.code == "topic_not_allowed"


class _Target:
    def __init__(self, **options: Any) -> None:
        self.options = options


def _batch(records: list[dict[str, Any]], **options: Any) -> WriteBatch:
    return batch_of(_Target(**options), records)  # type: ignore[arg-type]


async def test_a_message_has_the_match_key_and_headers_that_name_its_write(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create(2)
    batch = _batch([item(1), item(2, id=None)], topic=topic, headers={"from": "syncline"})
    result = await connector.write(batch)
    batch.match_key = ()
    await connector.write(batch)

    assert [f.code for f in result.failures.values()] == ["empty_key"]
    first, *others = sorted(await topics.read(topic), key=lambda m: m.timestamp)
    assert result.target_ids == [f"{first.partition}-0", None]
    assert (first.key, first.value) == (b"0001", batch.payloads[0])
    assert sorted(m.key for m in others) == [b"0001", b"None"]  # source IDs
    assert dict(first.headers) == {
        "from": b"syncline",
        "content-type": b"application/json",
        "syncline-run": batch.correlation_id.encode(),
        "syncline-source-id": b"0001",
        "syncline-key": batch.keys[0].encode(),
    }


async def test_records_that_are_too_large_for_the_topic_fail_alone(
    topics: OthersTopics, connector: KafkaConnector
) -> None:
    topic = await topics.create(1, **{"max.message.bytes": "3000"})
    records = [item(n, name=_noise(20_000 if n == 2 else 50)) for n in range(5)]
    result = await connector.write(_batch(records, topic=topic))

    assert {n: f.code for n, f in result.failures.items()} == {2: "record_too_large"}
    assert [m.key for m in await topics.read(topic)] == [b"0000", b"0001", b"0003", b"0004"]


def _noise(size: int) -> str:
    return Random(size).randbytes(size // 2).hex()


@pytest.mark.parametrize("upsert", [False, True])
@pytest.mark.parametrize("error", [RequestTimedOutError, MessageSizeTooLargeError])
async def test_a_lost_answer_is_told_from_a_refusal(
    topics: OthersTopics,
    connector: KafkaConnector,
    monkeypatch: pytest.MonkeyPatch,
    upsert: bool,
    error: type[KafkaError],
) -> None:
    topic = await topics.create()
    send = AIOKafkaProducer.send_batch

    async def lossy(self: AIOKafkaProducer, *args: Any, **said: Any) -> asyncio.Future[None]:
        await (await send(self, *args, **said))
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lost.set_exception(error())
        return lost

    batch = _batch([item(1)], topic=topic, upsert=upsert)
    with monkeypatch.context() as patch:
        patch.setattr(AIOKafkaProducer, "send_batch", lossy)
        (failure,) = (await connector.write(batch)).failures.values()

    is_lost = error is RequestTimedOutError
    assert failure.ambiguous is (is_lost and not upsert)
    assert failure.category is (Category.TRANSIENT if is_lost else Category.PERMANENT)
    assert connector.capabilities_for({"upsert": upsert}).idempotent_upsert is upsert
    assert (await connector.write(batch)).failures == {}  # by a new producer
    assert [m.key for m in await topics.read(topic)] == [b"0001", b"0001"]


@pytest.mark.parametrize("upsert", [False, True])
async def test_a_write_that_takes_too_long_is_ended_and_in_doubt(
    topics: OthersTopics, monkeypatch: pytest.MonkeyPatch, upsert: bool
) -> None:
    topic = await topics.create()
    connector = connector_to(topics.bootstrap)
    await connector.write(_batch([item(1)], topic=topic, upsert=upsert))
    connector._settings = connector._settings.model_copy(update={"timeout": 1})
    send = AIOKafkaProducer.send_batch

    async def slow(self: AIOKafkaProducer, *args: Any, **said: Any) -> asyncio.Future[None]:
        await send(self, *args, **said)
        return asyncio.get_running_loop().create_future()

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", slow)
    result = await connector.write(_batch([item(2), item(3)], topic=topic, upsert=upsert))

    failed = [(n, f.ambiguous, f.category) for n, f in result.failures.items()]
    assert failed == [(n, not upsert, Category.TRANSIENT) for n in (0, 1)]
    assert connector._producer is None


@asynccontextmanager
async def _door_to(bootstrap: str) -> AsyncIterator[str]:
    """Give another address of a broker, which still names its own one."""
    host, _, port = bootstrap.partition(":")
    writers: list[asyncio.StreamWriter] = []

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()

    async def serve(own: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        other, forth = await asyncio.open_connection(host, int(port))
        writers.extend((back, forth))
        async with asyncio.TaskGroup() as group:
            group.create_task(pipe(own, forth))
            group.create_task(pipe(other, back))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for writer in writers:
        writer.close()
        await writer.wait_closed()


async def test_a_brokers_own_address_is_checked_too(
    topics: OthersTopics, kafka_bootstrap: str
) -> None:
    topic = await topics.create()
    async with _door_to(kafka_bootstrap) as door:
        connector = connector_to(door, Surroundings(outbound_allow=(door,)))
        for call in (
            read(connector, of_topic(topic)),
            connector.write(_batch([item(1)], topic=topic)),
        ):
            with pytest.raises(ConnectorError) as caught:
                await call
            assert caught.value.failure.code == "address_not_allowed"
        checks = await connector.test()
        await connector.close()

    assert [(c.part, c.ok) for c in checks] == [("host", True), ("host", False)]
    assert "advertised.listeners" in checks[1].message
    assert kafka_bootstrap.partition(":")[2] in checks[1].message
    assert await topics.read(topic) == []


async def test_a_silent_broker_is_waited_for_only_so_long(
    topics: OthersTopics, connector: KafkaConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "SILENT", 0.02)
    monkeypatch.setattr(reader, "POLL", 0.01)
    topic = await topics.create()
    await topics.write(topic, numbered(1))

    async def nothing(*_: Any, **__: Any) -> dict[Any, Any]:
        return {}

    monkeypatch.setattr("aiokafka.AIOKafkaConsumer.getmany", nothing)
    with pytest.raises(RetriableError, match="no message came"):
        await read(connector, of_topic(topic))
