"""Jittered exponential back-off: how long to wait while something that is needed is away."""

from __future__ import annotations

from random import Random

FIRST, LONGEST = 0.2, 5.0
"""Seconds."""


class Backoff:
    """The waits between attempts at one piece of work."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()  # noqa: S311 - jitter
        self._next = FIRST

    def next(self) -> float:
        """Return the seconds to wait now; less by up to a fifth, so that processes spread."""
        wait, self._next = self._next, min(self._next * 2, LONGEST)
        return wait * (1 - 0.2 * self._random.random())

    def reset(self) -> None:
        """Begin with a short wait again: the work succeeded."""
        self._next = FIRST
