"""Writing lines by a thread, so that a reader who stops reading blocks nobody else.

A container's log driver or a terminal may stop reading for minutes; a full disk refuses what is
written. Then lines are lost and counted, and the work goes on.
"""

from __future__ import annotations

import os
import select
from queue import Full, Queue
from threading import Thread

from syncline.telemetry.metrics import METRICS

MOST = 10_000
"""Lines that wait; those that come then are lost."""
CLOSE_WITHIN = 2.0
"""Seconds that the last lines of a process may take."""


class LineWriter:
    """Writes to a file descriptor; `write` never waits. Fits what structlog writes to."""

    def __init__(self, descriptor: int, most: int = MOST) -> None:
        self._descriptor = descriptor
        self._lines: Queue[bytes | None] = Queue(most)
        self._thread: Thread | None = None
        self._lost = 0

    def write(self, text: str) -> int:
        """Queue a line; where the queue is full, it is lost."""
        if self._thread is None:
            self._thread = Thread(target=self._work, name="log", daemon=True)
            self._thread.start()
        try:
            self._lines.put_nowait(text.encode(errors="backslashreplace"))
        except Full:  # the loss is counted, and told when there is room
            self._lose()
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread writes each line at once."""

    def close(self) -> None:
        """Wait for the last lines, but not for long."""
        if self._thread is not None:
            try:
                self._lines.put(None, timeout=CLOSE_WITHIN)
            except Full:  # nobody reads them
                return
            self._thread.join(CLOSE_WITHIN)

    def _work(self) -> None:
        told = 0
        while (line := self._lines.get()) is not None:
            if self._put(line) and (now := self._lost) > told:  # others go on counting
                lost, told = now - told, now
                self._put(b'{"level":"warning","event":"log_lines_lost","count":%d}\n' % lost)

    def _put(self, line: bytes) -> bool:
        try:
            while line:
                try:
                    line = line[os.write(self._descriptor, line) :]
                except BlockingIOError:  # others have made it non-blocking
                    select.select([], [self._descriptor], [])
        except OSError:  # such as a full disk; the loss is counted
            self._lose()
            return False
        return True

    def _lose(self) -> None:
        self._lost += 1
        METRICS.log_lines_lost.inc()
