"""Sending rows in ever smaller parts where a database refuses them, until the bad one is alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

Groups: TypeAlias = Sequence[Sequence[int]]
"""Places of records, those together that have the same columns."""
Send: TypeAlias = Callable[[Sequence[int]], Awaitable[None]]
"""Writes the records at some places, all or none; raises RefusedError where it cannot."""
SendEach: TypeAlias = Callable[[Groups], Awaitable[dict[int, BaseException]]]
MayPass: TypeAlias = Callable[[BaseException], bool]


class RefusedError(Exception):
    """The database refused rows for what some of them are; `error` is what it said."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


async def send_halved(send: Send, groups: Groups, may_pass: MayPass) -> dict[int, BaseException]:
    """Send records, in ever smaller parts where they are refused.

    What needs another record, or what one has, may pass once that was written: it is tried again
    for as long as that helps.

    Args:
        may_pass: tells whether an error is of that kind.

    Returns:
        Why records were refused, by their places.

    Raises:
        What `send` raises, save RefusedError.
    """

    async def each(some: Groups) -> dict[int, BaseException]:
        refused: dict[int, BaseException] = {}
        for places in some:
            refused |= await _halved(send, places) if places else {}
        return refused

    return await send_again(each, groups, may_pass)


async def send_again(each: SendEach, groups: Groups, may_pass: MayPass) -> dict[int, BaseException]:
    """Send records, and those that need another one again for as long as that helps.

    Args:
        each: sends records, and returns why some were refused, by their places.
        may_pass: as for send_halved.
    """
    refused = await each(groups)
    tried = sum(map(len, groups))
    left = _waiting(refused, may_pass)
    while left and len(left) < tried:
        again = await each([[p for p in g if p in left] for g in groups])
        refused = {p: e for p, e in refused.items() if p not in left} | again
        tried, left = len(left), _waiting(again, may_pass)
    return refused


async def _halved(send: Send, places: Sequence[int]) -> dict[int, BaseException]:
    try:
        await send(places)
    except RefusedError as refused:
        if len(places) == 1:
            return {places[0]: refused.error}
    else:
        return {}
    middle = len(places) // 2
    first = await _halved(send, places[:middle])
    return first | await _halved(send, places[middle:])


def _waiting(refused: dict[int, BaseException], may_pass: MayPass) -> set[int]:
    return {place for place, error in refused.items() if may_pass(error)}
