"""Following runs to their ends on a terminal, and what a run's end means for the exit code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Self

from syncline.cli.program.app import FAILED, INTERRUPTED, OK, PARTIAL
from syncline.cli.program.shell import Shell, own_name
from syncline.cli.program.texts import (
    REJECTED,
    counters,
    duration,
    is_final,
    label,
    notice_lines,
    seconds_between,
)
from syncline.cli.runs.run_display import Display
from syncline.cli.runs.status_follower import StatusFollower
from syncline.contracts.events import RunStatus
from syncline.contracts.status import status_of
from syncline.contracts.topics import STATUS
from syncline.contracts.wire import Outbound
from syncline.runtime.clock import SystemClock

ANSWER_WITHIN = 10.0
"""Seconds after which a trigger that nobody answered is remarked on."""
_CODES = {"succeeded": OK, "partial_success": PARTIAL}


def exit_code(statuses: Iterable[RunStatus]) -> int:
    """Return 0 when all runs succeeded, 1 when all failed, 3 for what is between."""
    codes = {_CODES.get(status.state, FAILED) for status in statuses if is_final(status.state)}
    return (codes or {OK}).pop() if len(codes) < 2 else PARTIAL


class Watcher:
    """Shows runs as they go on. A context manager: the terminal is left as it was."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._clock = SystemClock()
        self._follower = StatusFollower(shell.reader(STATUS), self._look, self._clock, shell.note)
        self._following: AsyncIterator[RunStatus | None] | None = None
        self.statuses: dict[str, RunStatus] = {}

    async def __aenter__(self) -> Self:
        await self._shell.kafka_answers(self._follower.start())
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._follower.stop()

    async def ask(self, triggers: Sequence[Outbound], run_ids: Sequence[str]) -> None:
        """Send triggers and wait until each is answered, but not for ever."""
        await self._shell.send(triggers)
        began = self._clock.monotonic()
        self._following = self._follower.follow(run_ids, asked=True)
        async for newest in self._following:
            self._take(newest)
            if len(self.statuses) == len(run_ids):
                return
            if self._clock.monotonic() - began > ANSWER_WITHIN:
                self._shell.note(
                    "not answered yet, but Kafka has it: is the trigger service running? "
                    f"`{own_name()} doctor` tells"
                )
                return

    async def watch(self, run_ids: Sequence[str]) -> None:
        """Show runs until all have ended; goes on behind `ask`."""
        with Display(self._shell.err, self._clock, quiet=self._shell.json) as display:
            for known in self.statuses.values():
                display.show(known)
            following = self._following or self._follower.follow(run_ids, look_first=True)
            async for status in following:
                self._take(status)
                for known in self.statuses.values() if status is None else (status,):
                    display.show(known)  # without news too: a log shows that the watcher lives

    async def until_ended(self, run_ids: Sequence[str]) -> int:
        """Watch runs, and return 0; Ctrl-C leaves the runs alone and gives its exit code."""
        try:
            await self.watch(run_ids)
        except asyncio.CancelledError:  # only the watching ends; the notes say that the runs go on
            for run_id in run_ids:
                leave(self._shell, run_id, "detached; the run goes on")
            return INTERRUPTED
        return OK

    def _take(self, status: RunStatus | None) -> None:
        if status is not None:
            self.statuses[status.correlation_id] = status

    async def _look(self, run_id: str) -> RunStatus:
        from syncline.postgres.runs.runs import Runs  # noqa: PLC0415 - seldom needed

        async with self._shell.database() as database:
            return status_of(await Runs(database).get(self._shell.tenant, run_id))


def leave(shell: Shell, run_id: str, words: str) -> None:
    """Say what becomes of a run that nobody watches any more, and how to take it up again."""
    shell.note(f"{words}: {run_id}")
    shell.note(f"  watch it:  {own_name()} runs watch {run_id}")
    shell.note(f"  cancel it: {own_name()} runs cancel {run_id}")


def ended_lines(status: RunStatus) -> list[str]:
    """Say how a run stands or ended, and what can be done about its failures."""
    seconds = seconds_between(status.started_at, status.finished_at)
    parts = [f"{status.instance} {status.entity_type}", label(status.state), duration(seconds)]
    lines = [
        " · ".join(part for part in parts if part),
        counters(status),
        f"correlation ID {status.correlation_id}",
    ]
    if status.reason:
        lines.append(f"reason: {status.reason}")
    if status.chain and status.chain.next_run:
        lines.append(
            f"the next of {', '.join(status.chain.order)} follows: {status.chain.next_run}"
        )
    if status.chain and status.chain.ended:
        lines.append(status.chain.ended)
    lines += notice_lines(status.notices)
    if status.failed:
        own = own_name()
        lines.append(f"look at what failed: {own} dlq list --run {status.correlation_id}")
    return lines


def is_refused(status: RunStatus) -> bool:
    """Tell whether a trigger was refused."""
    return status.state == REJECTED
