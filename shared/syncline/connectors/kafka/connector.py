"""The Kafka connector: what it can do, its clients, and how a call uses them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing

import msgspec
from aiokafka import AIOKafkaProducer

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses, Resolve
from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.kafka.clients import STOP_WITHIN, Cluster, stop
from syncline.connectors.kafka.errors import LOGIN_REFUSED, translated, translated_errors, words_of
from syncline.connectors.kafka.reader import TopicReader, fetch_records, newest_records
from syncline.connectors.kafka.settings import (
    KafkaSecrets,
    KafkaSettings,
    TopicTarget,
    extraction_problems,
)
from syncline.connectors.kafka.writer import TopicWriter
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.domain.errors import Category, Failure, FailureError
from syncline.domain.mapping.extraction import Extraction

_SAMPLE = 20
_DELETED = Failure(
    Category.PERMANENT, "cannot_delete", "a topic keeps what was written: records are not deleted"
)


class KafkaConnector(port.Connector):
    """One Kafka cluster as its profile describes it."""

    title = "Kafka"
    about = "Topics of a Kafka cluster: JSON and Debezium change events in, JSON out."
    capabilities = port.Capabilities(source=True, target=True, bulk_size=1000)
    profile_settings = KafkaSettings
    profile_secrets = KafkaSecrets
    target_settings = TopicTarget
    extraction_problems = staticmethod(extraction_problems)

    def __init__(
        self,
        config: Mapping[str, object],
        secrets: Mapping[str, str],
        surroundings: port.Surroundings,
        resolver: Resolve | None = None,
    ) -> None:
        self._settings = read_profile(KafkaSettings, config)
        self.capabilities = msgspec.structs.replace(
            self.capabilities, longest_call=2.0 * self._settings.timeout + 2 * STOP_WITHIN
        )
        allowed = AllowedAddresses.of(surroundings, resolver)
        self._cluster = Cluster(self._settings, secrets.get("password"), allowed)
        self._closed_prefix = surroundings.topic_prefix
        self._producer: AIOKafkaProducer | None = None
        self._writing = asyncio.Lock()

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the first broker, and the topic of a target block."""
        server = read_profile(KafkaSettings, config).bootstrap_servers.split(",")[0].strip().lower()
        topic = "" if target is None else read(TopicTarget, target, TARGET).topic
        return f"{server}/{topic}" if topic else server

    def capabilities_for(self, options: Mapping[str, object]) -> port.Capabilities:
        """Return what it can do: a record may be written twice where the last one counts."""
        upserts = options.get("upsert") is True
        return msgspec.structs.replace(self.capabilities, idempotent_upsert=upserts)

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by cursor: offsets only rise."""
        return extraction.cursor_column is not None

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say that none is passed over: a message gets its offset when it is written."""
        return None

    async def close(self) -> None:
        """Let go of all connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop(producer)

    async def test(self) -> list[port.Check]:
        """Connect, log in, and connect to each broker at the address that it gives of itself."""
        try:
            (await self._cluster.connect()).close()
        except Exception as error:  # noqa: BLE001 - it is the answer
            return [_failed_check(error, self._settings)]
        checks = [port.Check("host", ok=True, message="reached")]
        try:
            async with self._cluster.consumer() as consumer:
                topics = await consumer.topics()
        except FailureError as error:
            words = "a broker is reached, but what it gives as the brokers' addresses "
            message = f"{words}(its `advertised.listeners`) is not: {error}"
            return [*checks, port.Check("host", ok=False, message=message)]
        told = f"{len(topics)} topics can be seen"
        return [*checks, port.Check("login", ok=True, message=told)]

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn] | None:
        """Return the keys of a topic's newest records."""
        self._check_topic(extraction.table or "")
        async with self._cluster.consumer() as consumer:
            records = await newest_records(consumer, extraction, _SAMPLE)
        keys = dict.fromkeys(key for record in records for key in record)
        return [port.SourceColumn(key, "any", everywhere=False) for key in keys] or None

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages from the cursor's offsets to the end that the topic has now."""
        self._check_topic(request.extraction.table or "")
        after = request.after if request.extraction.cursor_column else None
        async with self._cluster.consumer() as consumer:
            reader = TopicReader(consumer, request.extraction)
            await reader.begin(request.position or after)
            async with aclosing(reader.pages(request.page_size, request.limit)) as pages:
                async for page in pages:
                    yield page

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records: the whole topic is looked through."""
        self._check_topic(extraction.table or "")
        async with self._cluster.consumer() as consumer:
            return await fetch_records(consumer, extraction, ids)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find nothing: a topic cannot be asked for a key."""
        return port.LookupResult([None] * len(batch.payloads))

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Write a message for each record, with the record's key."""
        target = read(TopicTarget, batch.options, TARGET)
        self._check_topic(target.topic)
        async with self._writing:
            producer = self._producer or await self._reopened()
            await self.pace()
            writer = TopicWriter(producer, target, self._settings.max_message, self._reopened)
            try:
                with translated_errors():
                    result = await writer.write(batch, within=2.0 * self._settings.timeout)
            except BaseException:
                await self.close()
                raise
            if result.failures or result.stopped:
                await self.close()  # its numbers of messages may not be the broker's any more
        return result

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Refuse: a topic keeps what was written."""
        return port.WriteResult(
            [None] * len(target_ids), dict.fromkeys(range(len(target_ids)), _DELETED)
        )

    async def _reopened(self) -> AIOKafkaProducer:
        await self.close()
        self._producer = await self._cluster.producer(self._settings.max_message)
        return self._producer

    def _check_topic(self, topic: str) -> None:
        """Raise ConnectorError for topics of Kafka itself, and of the installation."""
        own = self._closed_prefix
        if topic.startswith("__") or (own and topic.startswith(own)):
            message = f"{topic!r} is a topic of Kafka or Syncline itself: choose another one"
            raise refusal("topic_not_allowed", message)


def _failed_check(error: Exception, settings: KafkaSettings) -> port.Check:
    """Name the part that failed."""
    failure = error.failure if isinstance(error, FailureError) else translated(error).failure
    if isinstance(error, LOGIN_REFUSED):
        return port.Check("login", ok=False, message=failure.message)
    if isinstance(error, ssl.SSLCertVerificationError) or failure.code == "invalid_certificate":
        return port.Check("tls", ok=False, message=failure.message)
    if isinstance(error, ssl.SSLError) or (
        settings.tls and isinstance(error, ConnectionResetError)
    ):
        message = f"no TLS could be agreed on: has this port TLS? ({words_of(error)})"
        return port.Check("tls", ok=False, message=message)
    part = "permission" if isinstance(error, ConnectorError) else "host"
    return port.Check(part, ok=False, message=failure.message)
