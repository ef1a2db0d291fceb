"""Mapping somebody's records on trial: in a thread, within a time and a size, few at once.

Others are answered meanwhile, and one person's trial cannot take all the memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from syncline.domain.errors import InvalidInputError, Problem

T = TypeVar("T")
WITHIN = 10.0
"""Seconds that the records of one trial may take."""
MOST_SHOWN = 32_000_000
"""Characters of records that one trial shows or compares."""
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="trial")


class Budget:
    """What is left to one trial."""

    def __init__(self) -> None:
        self._end = time.monotonic() + WITHIN
        self._left = MOST_SHOWN

    def check(self) -> None:
        """Raise InvalidInputError where the time is over."""
        if time.monotonic() > self._end:
            raise _too_much(f"these records take longer than {WITHIN:.0f} s")

    def show(self, text: str) -> str:
        """Return a text that is shown. Raises InvalidInputError where there are too many."""
        self._left -= len(text)
        if self._left < 0:
            raise _too_much(f"these records make more than {MOST_SHOWN:,} characters")
        return text


async def in_thread(work: Callable[[Budget], T]) -> T:
    """Do a trial's work. Raises InvalidInputError where it takes too much."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, lambda: work(Budget()))


def _too_much(what: str) -> InvalidInputError:
    return InvalidInputError([Problem("$", f"{what}: try fewer of them, or a shorter mapping")])
