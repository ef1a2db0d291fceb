"""Keeps an ear on the snapshots: a Faust app that crashed or went deaf is replaced by a new one."""

from __future__ import annotations

import asyncio

import structlog

from syncline.kafka.connection import KafkaConnection
from syncline.runtime.backoff import Backoff
from syncline.runtime.clock import Clock
from syncline_monitor.faust_table import Ear
from syncline_monitor.rules import Board

START_WITHIN, STOP_WITHIN = 60.0, 10.0
"""Seconds."""
DEAF_AFTER = 30.0
"""Seconds without a snapshot, the monitor's own included, after which an app counts as deaf."""
QUIET_AFTER = 3.0
"""Seconds without a snapshot after which the figures are not current any more."""
log = structlog.get_logger()


class Listening:
    """One ear after another."""

    def __init__(self, connection: KafkaConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._ear: Ear | None = None
        self._ended: set[asyncio.Task[None]] = set()

    @property
    def joined(self) -> bool:
        """Whether the group gave us our share, which may be nothing."""
        return self._ear is not None and self._ear.joined

    @property
    def board(self) -> Board | None:
        """What was heard; None while another monitor listens, or nothing can be heard."""
        ear = self._ear
        if ear is None or self._clock.monotonic() - ear.heard_at > QUIET_AFTER:
            return None
        return ear.board

    @property
    def now(self) -> float:
        """The broker's time, in seconds."""
        assert self._ear is not None
        assert self._ear.board is not None
        return self._ear.board.now + self._clock.monotonic() - self._ear.heard_at

    async def listen(self) -> None:
        """Side task: listen for ever."""
        backoff = Backoff()
        while True:
            ear = Ear(self._connection, self._clock)
            try:
                reason = await self._use(ear)
            except Exception as error:  # noqa: BLE001 - whatever a foreign framework raises
                reason = str(error) or type(error).__name__
            finally:
                self._ear = None
                await self._end(ear)
            log.warning("faust_app_replaced", reason=reason)
            await self._clock.sleep(backoff.next())

    async def _use(self, ear: Ear) -> str:
        """Listen until the ear fails; returns why."""
        async with asyncio.timeout(START_WITHIN):
            await ear.start()
        self._ear = ear
        log.info("faust_app_started")
        while not ear.crashed:
            await self._clock.sleep(1.0)
            if ear.mine and self._clock.monotonic() - ear.heard_at > DEAF_AFTER:
                return "nothing was heard"
        return "it crashed"

    async def _end(self, ear: Ear) -> None:
        """Stop an app, within bounds: Faust may wait for ever while the broker is away."""
        task = asyncio.ensure_future(ear.stop())
        self._ended.add(task)
        task.add_done_callback(self._forget)
        done, _ = await asyncio.wait([task], timeout=STOP_WITHIN)
        if not done:
            log.warning("faust_app_abandoned")
            task.cancel()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._ended.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("faust_app_stop_failed", reason=str(error))
