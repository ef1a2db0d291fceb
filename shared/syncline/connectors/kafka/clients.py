"""Clients of a profile's cluster: they connect to addresses that were checked, and to no others.

A broker names the addresses of all brokers. So those are checked as well, each time that they are
connected to (docs/decisions/0075).
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError

from syncline.connectors.addresses import AllowedAddresses
from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.kafka.errors import translated_errors
from syncline.connectors.kafka.settings import KafkaSettings, servers_of
from syncline.connectors.tls import named_context, trust

FRESH = 30.0
"""Seconds for which a broker's checked address is used again."""
CONNECT_WITHIN, STOP_WITHIN = 3.0, 2.0
"""Seconds."""
MOST_FETCHED = 1024 * 1024
"""Bytes of one partition that a consumer fetches at once."""
log = structlog.get_logger()


class Cluster:
    """A profile's cluster, and how clients of it are made."""

    def __init__(
        self, settings: KafkaSettings, password: str | None, allowed: AllowedAddresses
    ) -> None:
        self._settings = settings
        self._password = password or ""
        self._allowed = allowed
        self._known: dict[tuple[str, int], tuple[float, str]] = {}
        self._checked: set[tuple[str, int]] = set()
        self._names: dict[str, str] = {}

    async def address(self, host: str, port: int) -> str:
        """Return the address that a broker is to be connected to at. Raises ConnectorError."""
        looked, address = self._known.get((host, port), (0.0, ""))
        now = time.monotonic()
        if not address or now - looked > FRESH:
            try:
                address = await _answering(await self._allowed.checked(host, port), port)
            except (OSError, UnicodeError, IndexError) as error:
                raise KafkaConnectionError(f"the name of {host}:{port} is not known") from error
            self._known[host, port] = now, address
            self._checked.add((address, port))
            if host != address:
                self._names[address] = host
        return address

    def is_checked(self, address: str, port: int) -> bool:
        """Tell whether an address came from `address`."""
        return (address, port) in self._checked

    async def connect(self) -> AIOKafkaConnection:
        """Connect to the first broker that answers, and log in. Raises as aiokafka does."""
        failed: Exception = KafkaConnectionError("no broker is named")
        for host, port in servers_of(self._settings.bootstrap_servers):
            own = await self._client_settings()
            del own["bootstrap_servers"]
            try:
                return await create_conn(await self.address(host, port), port, **own)
            except (KafkaConnectionError, OSError, TimeoutError) as error:
                failed = error
                log.info("broker_unreachable", host=host, port=port, error=str(error))
        raise failed

    async def _client_settings(self) -> dict[str, Any]:
        own = self._settings
        servers = []
        for host, port in servers_of(own.bootstrap_servers):
            with suppress(KafkaConnectionError):  # one of them is enough
                address = await self.address(host, port)
                servers.append(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
        if not servers:
            raise KafkaConnectionError(f"no name of {own.bootstrap_servers} is known")
        settings: dict[str, Any] = {
            "bootstrap_servers": servers,
            "client_id": "syncline",
            "request_timeout_ms": own.timeout * 1000,
            "security_protocol": "SSL" if own.tls else "PLAINTEXT",
        }
        if own.tls:
            settings["ssl_context"] = self._tls()
        if own.auth != "none":
            settings["security_protocol"] = f"SASL_{settings['security_protocol']}"
            settings["sasl_mechanism"] = own.auth.upper()
            settings["sasl_plain_username"] = own.user
            settings["sasl_plain_password"] = self._password
        return settings

    def _tls(self) -> ssl.SSLContext:
        context = named_context(lambda address: self._names.get(address, address))
        trust(context, self._settings.ca_file, "caFile")
        return context

    @asynccontextmanager
    async def consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        """Lend a consumer without a group. Raises ConnectorError, RetriableError."""
        with translated_errors():
            consumer = AIOKafkaConsumer(
                **await self._client_settings(),
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                max_partition_fetch_bytes=MOST_FETCHED,
            )
            guard = _guarded(consumer._client, self)  # noqa: SLF001 - it takes none from outside
            try:
                await self._started(consumer)
                yield consumer
            except Exception as error:
                raise guard.refused or error from error
            finally:
                await stop(consumer)

    async def producer(self, max_message: int) -> AIOKafkaProducer:
        """Return a producer that was started. Raises ConnectorError, RetriableError."""
        with translated_errors():
            producer = AIOKafkaProducer(
                **await self._client_settings(),
                acks="all",
                enable_idempotence=True,
                compression_type="zstd",
                linger_ms=5,
                max_request_size=max_message,
            )
            guard = _guarded(producer.client, self)
            try:
                await self._started(producer)
            except BaseException as error:
                await stop(producer)
                raise guard.refused or error from error
            return producer

    async def _started(self, client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
        """Start a client; where no broker answers, say why in the broker's own words."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                await client.start()
        except KafkaConnectionError as error:
            try:
                (await self.connect()).close()
            except Exception as reason:
                raise reason from error
            raise


class GuardedClient(AIOKafkaClient):  # type: ignore[misc]
    """Connects to brokers at addresses that were checked.

    Attributes:
        owner: knows which addresses those are.
        refused: why a broker's address may not be connected to, if one may not.
    """

    owner: Cluster
    refused: ConnectorError | None = None

    async def bootstrap(self) -> None:
        """Learn of all brokers, and check their addresses before one of them is connected to.

        Raises ConnectorError, KafkaConnectionError.
        """
        await super().bootstrap()
        for broker in self.cluster.brokers():
            await self.owner.address(broker.host, broker.port)

    async def _get_conn(self, node_id: object, **said: object) -> AIOKafkaConnection | None:
        broker = self.cluster.broker_metadata(node_id)
        if broker is not None and not self.owner.is_checked(broker.host, broker.port):
            try:
                address = await self.owner.address(broker.host, broker.port)
            except ConnectorError as error:
                self.refused = error
                return None
            except KafkaConnectionError as error:
                log.info("broker_unreachable", host=broker.host, port=broker.port, error=str(error))
                return None
            self.cluster._brokers[node_id] = broker._replace(host=address)  # noqa: SLF001
        return await super()._get_conn(node_id, **said)


async def _answering(addresses: Sequence[str], port: int) -> str:
    """Return the first address that takes a connection; of one alone that is tried later."""
    for address in addresses[:-1]:
        with suppress(OSError, TimeoutError):  # another one may
            async with asyncio.timeout(CONNECT_WITHIN):
                _, writer = await asyncio.open_connection(address, port)
            writer.close()
            return address
    return addresses[-1]


def _guarded(client: AIOKafkaClient, owner: Cluster) -> GuardedClient:
    """Let a consumer's or producer's client connect to checked addresses alone."""
    client.__class__ = GuardedClient
    guard: GuardedClient = client
    guard.owner = owner
    return guard


async def stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client, whatever state it is in: nothing is sent by it afterwards."""
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await client.stop()
    except Exception:  # noqa: BLE001 - nobody needs it any more
        log.info("client_stopped_hard")
        with suppress(Exception):  # it was not started, or has ended
            await client._sender.close()  # noqa: SLF001 - it would go on sending
        with suppress(Exception):  # the same
            await client.client.close()


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """Return a topic's partitions, and let no broker create it. Raises ConnectorError."""
    topics = await consumer.topics()
    if topic not in topics:
        message = f"there is no topic {topic!r}, or this user may not see it (right: Describe)"
        raise refusal("no_topic", message)
    await consumer.end_offsets([TopicPartition(topic, 0)])  # so that the client learns the others
    return [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())]
