"""What is seen of a run while it goes on: a bar on a terminal, else a line now and then."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from syncline.cli.program.shell import own_name
from syncline.cli.program.texts import (
    counters,
    duration,
    is_final,
    number,
    state_label,
    whereabouts,
)
from syncline.contracts.events import RunStatus
from syncline.runtime.clock import Clock

LINE_EVERY = 5.0
"""Seconds between two lines where there is no terminal."""
SOON = 1.0
"""Seconds in which nothing is said there: most runs have ended by then."""
FEW = 2
"""Runs up to which each is shown in full."""
SILENT = 10.0
"""Seconds without news from which a display says so."""
_WINDOW = 5.0
STYLES = {
    "succeeded": "green",
    "partial_success": "yellow",
    "failed": "red",
    "rejected": "red",
    "cancelled": "yellow",
    "needs_attention": "red",
    "paused": "yellow",
    "waiting": "yellow",
}


class Rate:
    """Records a second over the last few seconds."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, int]] = deque()

    def add(self, time: float, done: int) -> None:
        """Note how many records were done at a time, in seconds."""
        self._points.append((time, done))
        while len(self._points) > 2 and time - self._points[0][0] > _WINDOW:
            self._points.popleft()

    @property
    def per_second(self) -> float:
        if len(self._points) < 2:
            return 0.0
        (begin, first), (end, last) = self._points[0], self._points[-1]
        return (last - first) / (end - begin) if end > begin else 0.0


def headline(
    status: RunStatus, now: datetime, seconds: float, rate: float, silent: float = 0.0
) -> str:
    """Return state, time, rate and what is left in one line.

    Args:
        silent: seconds since the run was last heard of.
    """
    state = state_label(status, now)
    parts = [f"{status.instance} {status.entity_type}", state, duration(seconds)]
    if rate >= 0.5:
        parts.append(f"{number(round(rate))} records/s")
        if status.extracted and status.in_flight and state == "In Progress":
            parts.append(f"about {duration(status.in_flight / rate)} left")
    if state == "Paused":
        parts.append(f"by {status.paused_by}")
    elif state == "Waiting" and status.waiting_until:
        parts.append(status.reason or f"next retry {status.waiting_until[11:19]}Z")
    elif silent >= SILENT and state not in {"Queued", "Needs Attention"}:
        parts.append(f"no word for {silent:.0f} s")
    return " · ".join(parts)


def attention_lines(status: RunStatus) -> list[str]:
    """Say why a run waits for a person, and what can be done; nothing where it does not."""
    if not status.needs_attention:
        return []
    own, run_id = own_name(), status.correlation_id
    return [
        f"needs attention: {status.needs_attention}",
        f"  what failed: {own} dlq groups --run {run_id}",
        f"  accept that: {own} runs resume {run_id}",
        f"  give it up:  {own} runs cancel {run_id}",
    ]


def _style(status: RunStatus, now: datetime) -> str:
    return STYLES.get(state_label(status, now).lower().replace(" ", "_"), "cyan")


class Display:
    """Shows statuses on standard error, on a terminal as a bar; `quiet`: nothing elsewhere."""

    def __init__(self, console: Console, clock: Clock, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._console = console
        self._clock = clock
        self._begin = clock.monotonic()
        self._rates: dict[str, Rate] = {}
        self._statuses: dict[str, RunStatus] = {}
        self._heard: dict[str, float] = {}
        self._printed: dict[str, tuple[str, float]] = {}
        self._live = Live(
            console=console, get_renderable=self._panel, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._live.stop()

    def show(self, status: RunStatus) -> None:
        """Take a newer status, or the last one again: then the rate falls."""
        now = self._clock.monotonic()
        if self._statuses.get(status.correlation_id) != status:
            self._heard[status.correlation_id] = now
        rate = self._rates.setdefault(status.correlation_id, Rate())
        rate.add(now, status.total - status.in_flight)
        self._statuses[status.correlation_id] = status
        if not self._console.is_terminal and not self._quiet:
            self._line(status, now)

    def _line(self, status: RunStatus, now: float) -> None:
        if now - self._begin < SOON:
            return
        printed, at = self._printed.get(status.correlation_id, ("", 0.0))
        state = state_label(status, self._clock.now())
        if state == printed and now - at < LINE_EVERY:
            return
        self._printed[status.correlation_id] = (state, now)
        if not is_final(status.state):  # the end is the command's result
            where = whereabouts(status.positions)
            figures = counters(status) + (f": {where}" if where else "")
            self._console.print(self._head(status), figures, sep="  ", markup=False)
            if state != printed:
                for line in attention_lines(status):
                    self._console.print(line, markup=False)

    def _head(self, status: RunStatus) -> str:
        now = self._clock.monotonic()
        rate = self._rates[status.correlation_id].per_second
        silent = now - self._heard[status.correlation_id]
        return headline(status, self._clock.now(), now - self._begin, rate, silent)

    def _panel(self) -> RenderableType:
        if len(self._statuses) > FEW:
            return self._short_rows()
        return Group(*(part for s in self._statuses.values() for part in self._rows(s)))

    def _rows(self, status: RunStatus) -> tuple[RenderableType, ...]:
        return (
            Text(self._head(status), style=_style(status, self._clock.now())),
            Padding(_bar(status, min(60, self._console.width)), 0),  # a bar does not end its line
            Text(counters(status)),
            *(Text(where) for where in [whereabouts(status.positions)] if where),
            *(Text(line, style="red") for line in attention_lines(status)),
            Text(f"correlation ID {status.correlation_id}", style="dim"),
        )

    def _short_rows(self) -> Table:
        """One line a run: where many go on together, their course matters more than details."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for _ in range(5):
            table.add_column(no_wrap=True)
        for _, status in sorted(self._statuses.items()):
            now = self._clock.now()
            name = Text(f"{status.instance} {status.entity_type}", _style(status, now))
            done = f"{number(status.total - status.in_flight)} of {number(status.total)}"
            per_second = self._rates[status.correlation_id].per_second
            rate = f"{number(round(per_second))}/s" if per_second >= 0.5 else ""
            table.add_row(name, _bar(status, 16), state_label(status, now), done, rate)
        return table


def _bar(status: RunStatus, width: int) -> ProgressBar:
    return ProgressBar(
        total=max(status.total, 1) if status.extracted else None,
        completed=status.total - status.in_flight,
        pulse=not status.extracted,
        width=width,
        style="bright_black",  # the terminal's own colours, which it shows on light and on dark
        complete_style="cyan",
        finished_style="green",
        pulse_style="cyan",
    )
