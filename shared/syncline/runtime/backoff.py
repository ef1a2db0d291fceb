"""How long to wait while something that is needed is away: growing, uneven, never long."""

from __future__ import annotations

from random import Random

from syncline.domain.errors import RetriableError

FIRST, LONGEST = 0.2, 5.0
"""Seconds."""


class Pauses:
    """The waits between the tries of one piece of work."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()  # noqa: S311 - jitter
        self._next = FIRST

    def next(self) -> float:
        """Return the seconds to wait now; up to a fifth less, so that processes part."""
        pause, self._next = self._next, min(self._next * 2, LONGEST)
        return pause * (1 - 0.2 * self._random.random())

    def reset(self) -> None:
        """Begin with a short wait again, after a success."""
        self._next = FIRST


def essence(error: Exception) -> Exception:
    """Return the one error that decides: of a group, the first that is not retriable.

    A handler that works in a TaskGroup raises a group, even for a single database that is away.
    """
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [essence(e) for e in error.exceptions]
    return next((e for e in leaves if not isinstance(e, RetriableError)), leaves[0])
