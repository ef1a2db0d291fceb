"""What looks at something again and again while its block runs."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Self


class Watch(ABC):
    """Looks every `every` seconds."""

    every: float

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _repeat(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(self.every)

    @abstractmethod
    async def _look(self) -> None: ...
