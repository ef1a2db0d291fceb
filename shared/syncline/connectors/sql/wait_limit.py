"""Ends a read's transaction where nobody takes its pages for long.

An open snapshot keeps the source from removing dead rows, and on a replica it conflicts with what
the primary removes. A run may wait for its target for hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST = 300.0
"""Seconds that a transaction may wait for its reader, all waits together."""


class WaitLimit:
    """Of one connection; when it is over `close` closes it."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._left = LONGEST

    @property
    def is_over(self) -> bool:
        """Whether the rest has to be read in another transaction."""
        return self._left <= 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of the block, in which the reader has a page."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        timer = loop.call_later(self._left, self._close)
        try:
            yield
        finally:
            timer.cancel()
            self._left -= loop.time() - began
