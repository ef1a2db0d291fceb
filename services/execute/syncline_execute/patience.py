"""Waiting with a target that says when to come again, instead of using up its records' attempts.

A short `Retry-After` tells how fast the target may be called, not what is wrong with a record
(docs/decisions/0010). Longer waits go over the retry topics like any other failure.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from syncline.connectors.port import WriteResult
from syncline_execute.rules import busy

PATIENCE = 60.0
"""Seconds in all that one call may wait; then its records are retried the usual way."""
log = structlog.get_logger()


class HoldsOff(Protocol):
    """Keeps calls to a profile back."""

    def hold_off(self, seconds: float) -> None:
        """Begin no call before so many seconds have passed."""

    async def turn(self) -> None:
        """Wait until calls may begin."""


async def patiently(
    send: Callable[[Sequence[int]], Awaitable[WriteResult]], count: int, profile: HoldsOff
) -> WriteResult:
    """Send records, and those again that the target was too busy for, until its time has come.

    Args:
        send: sends the records at these places; its answer is parallel to them.
        count: how many records there are.
    """
    result = WriteResult([None] * count)
    places: Sequence[int] = range(count)
    waited = 0.0
    while True:
        answer = await send(places)
        for index, place in enumerate(places):
            result.target_ids[place] = answer.target_ids[index]
        result.failures |= {places[index]: f for index, f in answer.failures.items()}
        pause, again = busy(result.failures)
        waited += pause
        if not again or waited > PATIENCE:
            return result
        log.info("target_asks_to_wait", seconds=pause, records=len(again))
        profile.hold_off(pause)
        await profile.turn()
        for place in again:
            del result.failures[place]
        places = again
