"""Following runs: status events as they come, and the run row where they stay away.

An outage of Kafka or PostgreSQL is waited out; numbers that are not newer are dropped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from syncline.cli.program.texts import REJECTED, is_final
from syncline.contracts.events import RunStatus, event_data
from syncline.contracts.wire import Delivery
from syncline.domain.errors import NotFoundError, RetriableError
from syncline.runtime.clock import Clock

LOOK_AFTER = 3.0
"""Seconds without an event after which the run rows are looked at."""
_POLL = 0.25
_PAUSE = 1.0

Look = Callable[[str], Awaitable[RunStatus]]
"""Returns what a run row says. Raises NotFoundError, RetriableError."""


class StatusReader(Protocol):
    """Reads the status topic from its end on."""

    async def start(self) -> None:
        """May raise RetriableError."""

    async def poll(self, wait: float) -> list[Delivery]:
        """May raise RetriableError."""

    async def stop(self) -> None: ...


class StatusFollower:
    """Follows some runs to their ends; `note` is told when a server is away."""

    def __init__(
        self, reader: StatusReader, look: Look, clock: Clock, note: Callable[[str], None]
    ) -> None:
        self._reader = reader
        self._look = look
        self._clock = clock
        self._note = note
        self._last: dict[str, int] = {}
        self._ended: set[str] = set()
        self._open: set[str] = set()
        self._asked = False
        self._looked = clock.monotonic()

    async def start(self) -> None:
        """Take the position that following begins at. Raises RetriableError."""
        await self._reader.start()

    async def stop(self) -> None:
        await self._reader.stop()

    async def follow(
        self, run_ids: Iterable[str], *, look_first: bool = False, asked: bool = False
    ) -> AsyncIterator[RunStatus | None]:
        """Yield each newer status of the runs until all have ended; None when nothing came.

        Args:
            look_first: the runs may have begun before the start; their rows are read first.
            asked: the runs were just asked for, so a refusal is an end. Otherwise it is the
                refusal of another trigger under the same correlation ID.
        """
        self._open = {run_id for run_id in run_ids if run_id not in self._ended}
        self._asked = asked
        if look_first:
            self._looked = self._clock.monotonic() - LOOK_AFTER
        while self._open:
            is_time_to_look = self._clock.monotonic() - self._looked >= LOOK_AFTER
            found = await self._looking() if is_time_to_look else await self._events()
            newer = [status for status in found if self._is_newer(status)]
            for status in newer:
                yield status
            if not newer:
                yield None

    async def _events(self) -> list[RunStatus]:
        try:
            arrived = await self._reader.poll(_POLL)
        except RetriableError as error:
            await self._reconnect(error)
            return []
        found = [s for delivery in arrived if (s := status_in(delivery, self._open)) is not None]
        if found:
            self._looked = self._clock.monotonic()
        return found

    async def _reconnect(self, error: RetriableError) -> None:
        self._note(f"waiting: {error}")
        await self._reader.stop()
        while True:
            await self._clock.sleep(_PAUSE)
            try:
                await self._reader.start()
            except RetriableError:  # still away, as was told; it is tried until it is back
                continue
            self._looked = self._clock.monotonic() - LOOK_AFTER  # what was missed is in the rows
            return

    async def _looking(self) -> list[RunStatus]:
        self._looked = self._clock.monotonic()
        found = []
        for run_id in sorted(self._open):
            try:
                found.append(await self._look(run_id))
            except (NotFoundError, RetriableError):  # not accepted yet, or asked again soon
                continue
        return found

    def _is_newer(self, status: RunStatus) -> bool:
        run_id = status.correlation_id
        if run_id not in self._open:
            return False
        is_refusal = status.state == REJECTED
        newer = self._asked if is_refusal else status.seq > self._last.get(run_id, -1)
        if newer:
            self._last[run_id] = status.seq
            if is_final(status.state):
                self._ended.add(run_id)
                self._open.discard(run_id)
        return newer


def status_in(delivery: Delivery, run_ids: Iterable[str]) -> RunStatus | None:
    """Read a status event of one of the runs; None for anything else."""
    if (delivery.key or b"").decode(errors="replace") not in run_ids:
        return None
    try:
        type_, data = event_data(delivery.value or b"")
        if not isinstance(type_, str) or not type_.startswith("syncline.run."):
            return None
        return msgspec.convert(data, RunStatus)
    except (msgspec.DecodeError, RecursionError):  # no status event: nobody waits for it
        return None
