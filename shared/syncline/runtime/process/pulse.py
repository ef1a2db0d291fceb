"""The pulse of a process: once a second it sends the monitor a snapshot of what it has done so far.

No run depends on it: a snapshot that cannot be sent is left out, and the next one holds its counts.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from importlib.metadata import version
from uuid import uuid4

import structlog

from syncline.contracts.snapshots import Snapshot, snapshot_message
from syncline.domain.errors import SynclineError
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.telemetry.tally import TALLY, Tally

EVERY = 1.0
"""Seconds."""
log = structlog.get_logger()


class Pulse:
    """Sends the snapshots of one process.

    Args:
        producer: one for snapshots only, so that its errors never touch the records' producer.
        health: `host:port` of the process's health server; empty if it has none.
        skew: tells how far the clock of the machine is ahead of the database's, in seconds.
    """

    def __init__(
        self,
        service: str,
        producer: Producer,
        clock: Clock,
        tally: Tally = TALLY,
        health: str = "",
        skew: Callable[[], float] = float,
    ) -> None:
        self._service = service
        self._health = health
        self._skew = skew
        self._version = version("syncline")
        self._producer = producer
        self._clock = clock
        self._tally = tally
        self._process = uuid4().hex
        self._started = clock.monotonic()
        self._started_at = clock.now().isoformat()
        self._seq = 0
        self._silent = False

    async def beat(self) -> None:
        """Side task: send snapshots for ever."""
        while True:
            await self._tell(leaving=False)
            await self._clock.sleep(EVERY)

    async def stop(self) -> None:
        """Send a last snapshot, which says that the process ends, and disconnect."""
        if not self._silent and self._seq:
            await self._tell(leaving=True)
        await self._producer.stop()

    async def _tell(self, *, leaving: bool) -> None:
        try:
            await self._producer.send([snapshot_message(self.snapshot(leaving=leaving))])
        except SynclineError as error:
            if not self._silent:
                log.warning("monitor_not_told", reason=str(error))
            self._silent = True
        else:
            self._silent = False

    def snapshot(self, *, leaving: bool = False) -> Snapshot:
        """Return the snapshot of now."""
        self._seq += 1
        tally = self._tally
        return Snapshot(
            stage=self._service,
            process=self._process,
            seq=self._seq,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            uptime=round(self._clock.monotonic() - self._started, 3),
            records_in=tally.records_in,
            records_out=tally.records_out,
            failed=tally.failed,
            retried=tally.retried,
            messages=tally.messages,
            busy=round(tally.busy, 3),
            leaving=leaving,
            version=self._version,
            health=self._health,
            gone_unread=tally.gone_unread,
            skew=self._skew(),
        )
