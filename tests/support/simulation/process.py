"""Processes that die at any call of a port, before it has an effect or behind it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Sequence
from random import Random
from typing import Any

from syncline.contracts.wire import Outbound
from syncline.testing.memory_broker import MemoryBroker
from tests.support.faults import CrashError

LONGEST_TURN = 3
"""Turns of the loop that a call takes at most, before its effect and behind it."""


class Process:
    """One process of a stage: what it does through its ports ends with it.

    Attributes:
        crash_rate: share of the moments around a call in which it dies.
    """

    def __init__(self, random: Random, crash_rate: float) -> None:
        self.is_alive = True
        self.crash_rate = crash_rate
        self.random = random

    async def moment(self) -> None:
        """Let others work for a while. Raises CrashError where the process is dead by then."""
        for _ in range(self.random.randrange(LONGEST_TURN)):
            await asyncio.sleep(0)
        if self.random.random() < self.crash_rate:
            self.is_alive = False
        if not self.is_alive:
            raise CrashError


class Port:
    """What a process has in place of a store or a target; ends with the process."""

    def __init__(self, subject: Any, process: Process) -> None:
        self._subject = subject
        self._process = process

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._subject, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            await self._process.moment()
            result = await method(*arguments, **options)
            await self._process.moment()
            return result

        return call


class ProcessProducer:
    """A producer that may die in the middle of what it sends; fits runtime.ports.Producer."""

    def __init__(self, broker: MemoryBroker, process: Process) -> None:
        self._producer = broker.producer()
        self._process = process
        self.max_message = self._producer.max_message

    async def start(self) -> None: ...

    async def send(self, messages: Sequence[Outbound]) -> None:
        for message in messages:
            await self._process.moment()
            await self._producer.send([message])
        await self._process.moment()

    async def stop(self) -> None: ...
