"""The Kafka connector does what the port promises, on a real broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from syncline.connectors.kafka import KafkaConnector
from syncline.connectors.port import Connector, Surroundings
from syncline.contracts.messages import decoder_of, encode
from syncline.domain.cursor.values import CursorFormat, keys_of
from syncline.domain.mapping.extraction import CursorType, Extraction, ExtractionMode
from syncline.testing.connectors.connections import ConnectorSuite
from syncline.testing.connectors.reads import Source, dated, every_resume, ids_of, pages_of
from syncline.testing.connectors.sources import SourceSuite
from syncline.testing.connectors.targets import TargetSuite
from tests.support.one_world import OneWorld
from tests.support.ports import free_port
from tests.support.topics_of_others import OthersTopics, connector_to, of_topic, others_topics

_decode = decoder_of(dict[str, Any]).decode


class TopicWorld:
    """Topics of one broker. A source is a topic of its own whenever it is filled."""

    secret = None
    texts = frozenset({"bell", "nul"})
    refused = {"name": "x" * 1_000_001}
    elsewhere = {"topic": "nothing_there", "upsert": True}
    keeps_one = True
    deletes = False
    cannot_hold: frozenset[str] = frozenset()

    def __init__(self, topics: OthersTopics, source: str, target: str) -> None:
        self.topics = topics
        self.connector = connector_to(topics.bootstrap)
        self.extraction = of_topic(source)
        self.unanswerable = [(of_topic("nothing_there"), "nothing_there")]
        self.options: dict[str, Any] = {"topic": target, "upsert": True}

    def broken(self) -> Sequence[tuple[Connector, str]]:
        here = self.topics.bootstrap
        return [
            (connector_to(f"127.0.0.1:{free_port()}"), "host"),
            (connector_to("no-such-host.invalid:9092"), "host"),
            (connector_to(here, Surroundings()), "permission"),
            (connector_to(here, tls=True), "tls"),
        ]

    async def fill(self, records: Sequence[dict[str, Any]]) -> None:
        topic = await self.topics.create()
        self.extraction = of_topic(topic)
        await self.topics.write(topic, [(r["id"].encode(), encode(r)) for r in records])

    async def rows(self) -> list[dict[str, Any]]:
        messages = await self.topics.read(self.options["topic"])
        newest = {message.key: message.value for message in messages}
        return [_decode(value) for value in newest.values()]


def _with(**options: Any) -> Extraction:
    return of_topic("items", options=options)


class TestKafka(OneWorld[TopicWorld], ConnectorSuite, SourceSuite, TargetSuite):
    system = "kafka"
    kind = KafkaConnector
    good_config = {"bootstrapServers": "kafka-1:9092, [::1]:9092"}
    wrong_configs = [
        ({"bootstrapServers": ...}, {}, "$.config.bootstrapServers"),
        ({"bootstrapServers": "kafka-1"}, {}, "$.config.bootstrapServers"),
        ({"bootstrapServers": "kafka-1:0"}, {}, "$.config.bootstrapServers"),
        ({"bootstrapServers": "kafka-1:9092,"}, {}, "$.config.bootstrapServers"),
        ({"bootstrapServers": "http://kafka-1:9092"}, {}, "$.config.bootstrapServers"),
        ({"tls": "yes"}, {}, "$.config.tls"),
        ({"caFile": "/ca.pem"}, {}, "$.config.caFile"),
        ({"auth": "kerberos"}, {}, "$.config.auth"),
        ({"auth": "plain"}, {}, "$.config.user"),
        ({"timeout": 0}, {}, "$.config.timeout"),
        ({}, {"pasword": "x"}, "$.secrets.pasword"),
    ]
    wrong_mappings = [
        (of_topic("items", mode=ExtractionMode.SQL, sql="x"), None, "$.extraction.mode"),
        (of_topic("a b"), None, "$.extraction.table"),
        (of_topic("items", cursor_column="changed"), None, "$.extraction.cursorColumn"),
        (of_topic("items", cursor_type=CursorType.ID), None, "$.extraction.cursorType"),
        (of_topic("items", lookback=60.0), None, "$.extraction.lookback"),
        (_with(envelope="avro"), None, "$.extraction.options.envelope"),
        (_with(keyFormat="avro"), None, "$.extraction.options.keyFormat"),
        (_with(deletes="fail"), None, "$.extraction.options.deletes"),
        (_with(format="json"), None, "$.extraction.options.format"),
        (None, {}, "$.transformation.target.topic"),
        (None, {"topic": "a/b"}, "$.transformation.target.topic"),
        (None, {"topic": "items", "upsert": "yes"}, "$.transformation.target.upsert"),
        (None, {"topic": "items", "headers": {"a": 1}}, "$.transformation.target.headers.a"),
        (None, {"topic": "items", "key": "sku"}, "$.transformation.target.key"),
    ]

    @pytest.fixture
    async def world(
        self, kafka_bootstrap: str, system_url: str | None
    ) -> AsyncIterator[TopicWorld]:
        real = system_url and urlsplit(system_url).netloc
        async with others_topics(real or kafka_bootstrap) as topics:
            world = TopicWorld(topics, await topics.create(), await topics.create(3))
            yield world
            await world.connector.close()

    async def test_what_is_ordered_is_read_by_cursor_then_id(self, source: Source) -> None:
        await source.fill([dated(n, (n * 7) % 5) for n in range(20)])
        cursors = [c or "" for page in await pages_of(source) for c in page.cursors]

        keys = keys_of(cursors, CursorFormat(CursorType.OFFSETS))
        assert keys == [Decimal(n) for n in range(1, 21)]

    async def test_records_without_a_cursor_value_are_read_and_resumed(
        self, source: Source
    ) -> None:
        pytest.skip("every message has an offset")

    async def test_lookback_begins_before_the_cursor(self, source: Source) -> None:
        pytest.skip("a duration cannot be taken from offsets")

    async def test_rows_that_come_late_are_seen_or_told_of(self, source: Source) -> None:
        assert await source.connector.late_commits(source.extraction) is None  # offsets only rise

    async def test_reading_begins_at_the_cursor_itself(self, source: Source) -> None:
        await source.fill([dated(n, n // 2) for n in range(10)])
        (page,) = await pages_of(source, page_size=100)
        cursor = page.cursors[page.ids.index("0006")]

        assert cursor == '{"0":7}'
        assert ids_of(await pages_of(source, after=cursor)) == ["0007", "0008", "0009"]
        async for before, rest in every_resume(source, after=cursor):
            assert before + rest == ["0007", "0008", "0009"]

    @pytest.mark.parametrize("seed", range(3))
    async def test_generated_records_are_read_whole_with_any_breaks(
        self, source: Source, seed: int
    ) -> None:
        random = Random(seed)
        await source.fill([dated(n, n) for n in range(30)])
        got: list[str] = []
        position, size = None, random.randrange(1, 7)
        while pages := await pages_of(source, page_size=size, position=position):
            taken = pages[: random.randrange(1, len(pages) + 1)]
            got += ids_of(taken)
            position = taken[-1].position
        assert got == [f"{n:04}" for n in range(30)]
