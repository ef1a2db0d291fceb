"""Runs a Faust app that reads snapshots; replaces it when it crashed or reads nothing."""

from __future__ import annotations

import asyncio

import structlog

from syncline.kafka.connection import KafkaConnection
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock
from syncline_monitor.faust_table import SnapshotTable
from syncline_monitor.rules import Processes

START_WITHIN, STOP_WITHIN = 60.0, 10.0
"""Seconds."""
REPLACED_AFTER = 30.0
"""Seconds without any snapshot, even the monitor's own, after which an app is replaced."""
CURRENT_FOR = 3.0
"""Seconds after the newest snapshot during which the figures count as current."""
log = structlog.get_logger()


class FaustSupervisor:
    """Runs one Faust app after another, and shows what the current one has read."""

    def __init__(self, connection: KafkaConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._table: SnapshotTable | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    @property
    def joined(self) -> bool:
        """Whether the consumer group has assigned our partitions, perhaps none."""
        return self._table is not None and self._table.joined

    @property
    def processes(self) -> Processes | None:
        """The processes read; None while another monitor reads, or nothing can be read."""
        table = self._table
        if table is None or self._clock.monotonic() - table.read_at > CURRENT_FOR:
            return None
        return table.processes

    @property
    def now(self) -> float:
        """The broker's time in seconds, while there are `processes`."""
        assert self._table is not None
        assert self._table.processes is not None
        return self._table.processes.now + self._clock.monotonic() - self._table.read_at

    async def run(self) -> None:
        """Side task: read for ever."""
        backoff = Backoff()
        while True:
            table = SnapshotTable(self._connection, self._clock)
            try:
                reason = await self._read(table)
            except Exception as error:  # noqa: BLE001 - Faust may raise anything
                reason = str(error) or type(error).__name__
            finally:
                self._table = None
                await self._stop(table)
            log.warning("faust_app_replaced", reason=reason)
            await self._clock.sleep(backoff.next())

    async def _read(self, table: SnapshotTable) -> str:
        """Let an app read until it fails; return the reason."""
        async with asyncio.timeout(START_WITHIN):
            await table.start()
        self._table = table
        log.info("faust_app_started")
        while not table.crashed:
            await self._clock.sleep(1.0)
            if table.assigned and self._clock.monotonic() - table.read_at > REPLACED_AFTER:
                return "it read no snapshot"
        return "it crashed"

    async def _stop(self, table: SnapshotTable) -> None:
        """Stop an app, within a time limit: Faust may wait for ever while the broker is away."""
        task = asyncio.ensure_future(table.stop())
        self._stopping.add(task)
        task.add_done_callback(self._note_stopped)
        done, _ = await asyncio.wait([task], timeout=STOP_WITHIN)
        if not done:
            log.warning("faust_app_abandoned")
            task.cancel()

    def _note_stopped(self, task: asyncio.Task[None]) -> None:
        self._stopping.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("faust_app_stop_failed", reason=str(error))
