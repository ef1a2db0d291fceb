"""Which runs a person has cancelled or paused: the control topic as it stands, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import msgspec
import structlog

from syncline.contracts.messages import encode
from syncline.contracts.topics import CONTROL
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import RetriableError
from syncline.runtime.clock import Clock

CANCEL, PAUSE = "cancel", "pause"
log = structlog.get_logger()


class Command(msgspec.Struct, frozen=True):
    """What lies on the control topic, keyed by correlation ID; the newest counts.

    Attributes:
        action: cancel or pause. A run that goes on has no command: its key has no value.
        by: who asked.
    """

    action: str
    by: str = "unknown"


class Reader(Protocol):
    """Reads a topic without a group, from its beginning."""

    async def start(self) -> None:
        """May raise RetriableError."""

    async def poll(self, wait: float) -> Iterable[Delivery]:
        """May raise RetriableError."""

    async def at_end(self) -> bool:
        """Tell whether what lay there at the start was read."""

    async def stop(self) -> None: ...


class ControlTopic:
    """Follows the control topic, which is compacted: a new process reads every open command."""

    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._actions: dict[str, str] = {}
        self.caught_up = False

    @property
    def cancelled(self) -> list[str]:
        """The runs whose cancel lies on the topic."""
        return [run_id for run_id, action in self._actions.items() if action == CANCEL]

    @property
    def paused(self) -> list[str]:
        """The runs whose pause lies on the topic."""
        return [run_id for run_id, action in self._actions.items() if action == PAUSE]

    def is_cancelled(self, run_id: str) -> bool:
        return self._actions.get(run_id) == CANCEL

    def is_paused(self, run_id: str) -> bool:
        return self._actions.get(run_id) == PAUSE

    async def follow(self) -> None:
        """Side task: keep the set current; survives outages of the broker."""
        while True:
            try:
                await self._reader.start()
                while True:
                    for delivery in await self._reader.poll(0.2):
                        self._apply(delivery)
                    if not self.caught_up:
                        self.caught_up = await self._reader.at_end()
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
        if command.action not in (CANCEL, PAUSE):
            log.warning("control_unknown", action=command.action, correlation_id=run_id)
            return
        self._actions[run_id] = command.action


def cancel_message(run_id: str, by: str) -> Outbound:
    """Ask all stages to skip what is left of a run."""
    return Outbound(CONTROL, run_id.encode(), encode(Command(CANCEL, by)), 0)


def pause_message(run_id: str, by: str) -> Outbound:
    """Ask all stages to set aside what is left of a run."""
    return Outbound(CONTROL, run_id.encode(), encode(Command(PAUSE, by)), 0)


def forget_message(run_id: str) -> Outbound:
    """Let the control topic forget a run that is over, or goes on after a pause."""
    return Outbound(CONTROL, run_id.encode(), None, 0)
