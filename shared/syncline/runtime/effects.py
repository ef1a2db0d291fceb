"""Whether the work in hand has had an effect that is new: then its message does not kill at once.

What was done before a process died is found as done, so only what is new shows that it works.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

_EFFECT: ContextVar[asyncio.Event] = ContextVar("effect")


def expect_effect(noted: asyncio.Event) -> None:
    """Let the task in hand set an event with its first effect."""
    _EFFECT.set(noted)


def note_effect() -> None:
    """Note that the task in hand has stored something that was not there before."""
    noted = _EFFECT.get(None)
    if noted is not None:
        noted.set()
