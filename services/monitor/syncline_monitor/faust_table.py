"""Faust: reads snapshots and keeps the newest of each process in a table.

The table's changelog is on Kafka, so a monitor that starts or takes over knows at once what was
read before. There is one partition: one monitor works, others wait to take over.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import faust
import msgspec
import structlog
from faust.types import StreamT

from syncline.contracts.snapshots import Snapshot
from syncline.contracts.topics import MONITOR_TABLE, SNAPSHOTS
from syncline.kafka.client import delivery_of
from syncline.kafka.connection import KafkaConnection
from syncline.runtime.clock import Clock
from syncline.telemetry.foreign_messages import without_foreign
from syncline.telemetry.metrics import METRICS
from syncline_monitor.rules import Process, Processes, read_process, read_snapshot

log = structlog.get_logger()
SESSION, HEARTBEAT, REBALANCE = 10.0, 2.0, 15.0
"""Seconds; with Faust's default of 60 nobody would replace a killed monitor for a minute."""


class SnapshotTable:
    """One Faust app, whose table holds the newest snapshot of each process.

    Attributes:
        processes: those read, from the first snapshot after an assignment on.
        read_at: monotonic time of the newest snapshot.
        joined: whether the consumer group has assigned our partitions, perhaps none.
        assigned: whether the partition of the snapshots is ours.
    """

    def __init__(self, connection: KafkaConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._folder = tempfile.TemporaryDirectory(prefix="syncline-monitor-")
        self._app = _app(connection, Path(self._folder.name))
        topic = self._app.topic(
            connection.topic(SNAPSHOTS),
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
        )
        self._table = self._app.Table("processes", partitions=1, key_type=bytes, value_type=bytes)
        self._app.agent(topic)(self._read)
        self._app.on_partitions_assigned.connect(self._note_assignment)
        self.processes: Processes | None = None
        self.read_at = clock.monotonic()
        self.joined = False
        self.assigned = False

    @property
    def crashed(self) -> bool:
        return bool(self._app.should_stop)

    async def start(self) -> None:
        await self._app.start()

    async def stop(self) -> None:
        await self._app.stop()
        self._folder.cleanup()

    async def _note_assignment(self, _app: object, /, *assigned: object, **_: object) -> None:
        """Begin with the table, once it is read; what was read before is out of date."""
        self.processes = None
        self.read_at = self._clock.monotonic()
        self.joined = True
        self.assigned = any(assigned)

    async def _read(self, stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            if not without_foreign([delivery_of(event.message, self._connection)]):
                continue
            try:
                self._apply(read_snapshot(event.value), event.message.timestamp)
            except (msgspec.DecodeError, RecursionError) as error:
                log.warning("snapshot_undecodable", error=str(error))

    def _apply(self, snapshot: Snapshot, arrived: float) -> None:
        if self.processes is None:
            self.processes = Processes(self._stored())
        process = self.processes.apply(snapshot, arrived)
        if process is not None:
            self._store(snapshot.process.encode(), process)
        self.read_at = self._clock.monotonic()
        for name in self.processes.forget():
            self._table.pop(name.encode(), None)

    def _store(self, key: bytes, process: Process) -> None:
        value = msgspec.json.encode(process)
        keys = self._connection.keys
        self._table[key] = value if keys is None else keys.seal(MONITOR_TABLE, key, value)

    def _stored(self) -> Iterator[Process]:
        """Yield what the table held at the start; Faust writes it, without headers."""
        keys = self._connection.keys
        for key, value in self._table.items():
            plain = value if keys is None else keys.unseal(MONITOR_TABLE, key, value)
            if plain is None:
                METRICS.foreign.labels("monitor", MONITOR_TABLE).inc()
                log.error("foreign_message", topic=MONITOR_TABLE, key=key.decode(errors="replace"))
                continue
            yield read_process(plain)


def _app(connection: KafkaConnection, folder: Path) -> faust.App:
    brokers = [f"kafka://{address.strip()}" for address in connection.bootstrap.split(",")]
    return faust.App(
        connection.group("monitor"),
        broker=brokers,
        broker_credentials=_credentials(connection),
        broker_client_id=connection.client_id,
        broker_session_timeout=SESSION,
        broker_heartbeat_interval=HEARTBEAT,
        broker_rebalance_timeout=REBALANCE,
        broker_request_timeout=30.0,
        consumer_auto_offset_reset="latest",
        processing_guarantee="at_least_once",
        producer_linger=0.01,
        producer_max_batch_size=262_144,
        store="memory://",
        datadir=folder,
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        stream_wait_empty=False,
    )


def _credentials(
    connection: KafkaConnection,
) -> faust.SASLCredentials | faust.SSLCredentials | None:
    settings = connection.client_settings()
    context = settings.get("ssl_context")
    if "sasl_mechanism" in settings:
        return faust.SASLCredentials(
            username=settings["sasl_plain_username"],
            password=settings["sasl_plain_password"],
            mechanism=settings["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
