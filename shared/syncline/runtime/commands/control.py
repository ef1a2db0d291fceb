"""Which runs are cancelled or paused, and the database's mark: the control topic, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

import msgspec
import structlog

from syncline.contracts.messages import encode
from syncline.contracts.topics import CONTROL
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.domain.installation import Mark
from syncline.runtime.clock import Clock

CANCEL, PAUSE, MARK = "cancel", "pause", "mark"
INSTALLATION = "installation"
"""Key of the message with the database's mark."""
POLL_FOR, FIRST_POLL_FOR = 5.0, 0.2
"""Seconds that a poll waits for a message, which ends it at once; the first one, on an empty topic,
holds up the start of the process."""
log = structlog.get_logger()


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of the control topic: cancel or pause, and who asked. A resume has no value.

    Or the mark of the database, for all runs.
    """

    action: str
    by: str = "unknown"
    mark: Mark | None = None


class Reader(Protocol):
    """Reads a topic without a group, from its beginning."""

    async def start(self) -> None:
        """May raise RetriableError."""

    async def poll(self, wait: float) -> Iterable[Delivery]:
        """May raise RetriableError."""

    async def at_end(self) -> bool:
        """Tell whether all messages of before the start were read."""

    async def stop(self) -> None: ...


class ControlTopic:
    """Follows the control topic. It is compacted, so a new process reads every open command.

    Attributes:
        mark: the newest mark of the database that was published.
    """

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._actions: dict[str, str] = {}
        self._read = asyncio.Event()
        self.mark: Mark | None = None

    @property
    def caught_up(self) -> bool:
        """Whether the commands of before the start are known."""
        return self._read.is_set()

    async def read(self) -> None:
        """Wait until the commands of before the start are known; `follow` reads them."""
        await self._read.wait()

    @property
    def cancelled(self) -> list[str]:
        """IDs of the runs with a cancel on the topic."""
        return [run_id for run_id, action in self._actions.items() if action == CANCEL]

    @property
    def paused(self) -> list[str]:
        """IDs of the runs with a pause on the topic."""
        return [run_id for run_id, action in self._actions.items() if action == PAUSE]

    def is_cancelled(self, run_id: str) -> bool:
        return self._actions.get(run_id) == CANCEL

    def is_paused(self, run_id: str) -> bool:
        return self._actions.get(run_id) == PAUSE

    async def follow(self) -> None:
        """Side task: keep the commands current; survives outages of the broker."""
        while True:
            try:
                await self._reader.start()
                while True:
                    wait = POLL_FOR if self.caught_up else FIRST_POLL_FOR
                    for delivery in await self._reader.poll(wait):
                        self._apply(delivery)
                    if not self.caught_up and await self._reader.at_end():
                        self._read.set()
            except RetriableError as error:
                log.warning("control_away", error=str(error))
                await self._clock.sleep(1.0)
            finally:
                await self._reader.stop()

    def _apply(self, delivery: Delivery) -> None:
        run_id = (delivery.key or b"").decode(errors="replace")
        if not delivery.value:
            self._actions.pop(run_id, None)
            return
        try:
            command = msgspec.json.decode(delivery.value, type=Command)
        except (msgspec.DecodeError, RecursionError) as error:
            log.warning("control_undecodable", offset=delivery.offset, error=str(error))
            return
        if command.action == MARK and command.mark is not None:
            self.mark = command.mark
            return
        if command.action not in (CANCEL, PAUSE):
            log.warning("control_unknown", action=command.action, correlation_id=run_id)
            return
        self._actions[run_id] = command.action


def cancel_message(run_id: str, by: str) -> Outbound:
    """Return the command to skip what is left of a run."""
    return Outbound(CONTROL, run_id.encode(), encode(Command(CANCEL, by)), 0)


def pause_message(run_id: str, by: str) -> Outbound:
    """Return the command to let what is left of a run wait."""
    return Outbound(CONTROL, run_id.encode(), encode(Command(PAUSE, by)), 0)


def mark_message(mark: Mark) -> Outbound:
    """Return the message that tells how far the database has come."""
    value = encode(Command(MARK, "finalize", mark))
    return Outbound(CONTROL, INSTALLATION.encode(), value, 0)


def forget_message(run_id: str) -> Outbound:
    """Return the tombstone of a run that is over or resumed."""
    return Outbound(CONTROL, run_id.encode(), None, 0)
