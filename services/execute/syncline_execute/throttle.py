"""Waiting with a target that says when to come again, instead of using up its records' attempts.

A `Retry-After` tells how fast the target may be called, not what is wrong with a record
(docs/decisions/0010, 0026). It holds back the whole profile: for a short one the call waits on the
spot, for a longer one its records go over the retry topics.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from syncline.connectors.port import WriteResult
from syncline.postgres.limits.retry_after import PausedError
from syncline.runtime.ports import CallPause
from syncline_execute.rules import waits_in

PATIENCE = 60.0
"""Seconds in all that one call may wait; then its records make room for others."""
log = structlog.get_logger()


async def send_throttled(
    send: Callable[[Sequence[int]], Awaitable[WriteResult]], count: int, profile: CallPause
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
        _merge(result, answer, places)
        pause, again = waits_in(answer.failures)
        waited += pause
        if pause:
            reason = next(f.message for f in answer.failures.values() if f.retry_after == pause)
            log.info("target_asks_to_wait", seconds=pause, records=len(again), reason=reason)
            await profile.hold_off(pause, reason)
        if not again or waited > PATIENCE:
            return result
        places = [places[index] for index in again]
        try:
            await profile.wait()
        except PausedError as error:  # another call was told to wait for longer
            result.failures |= dict.fromkeys(places, error.failure)
            return result
        for place in places:
            del result.failures[place]


def _merge(result: WriteResult, answer: WriteResult, places: Sequence[int]) -> None:
    """Put the answer about some places into the result about all."""
    for index, place in enumerate(places):
        result.target_ids[place] = answer.target_ids[index]
    result.failures |= {places[index]: f for index, f in answer.failures.items()}
    result.stopped |= {places[index]: f for index, f in answer.stopped.items()}
    result.existing |= {places[index] for index in answer.existing}
