"""Waiting for something that happens elsewhere, instead of sleeping."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")
_FIRST, _LONGEST = 0.01, 0.1  # seconds between two checks; the longer it waits, the longer


@overload
async def eventually(check: Callable[[], Awaitable[T | None]], within: float = 30.0) -> T: ...
@overload
async def eventually(check: Callable[[], T | None], within: float = 30.0) -> T: ...
async def eventually(check: Callable[[], object], within: float = 30.0) -> object:
    """Call `check` until it returns something true and return that; fail after `within` seconds.

    A check may be a plain or an async function and may use `assert`: an AssertionError means "not
    yet". Any other exception ends the wait at once.
    """
    last: object = None
    pause = _FIRST
    try:
        async with asyncio.timeout(within):
            while True:
                try:
                    found = check()
                    last = await found if inspect.isawaitable(found) else found
                    if last:
                        return last
                except AssertionError as error:
                    last = error
                await asyncio.sleep(pause)
                pause = min(1.1 * pause, _LONGEST)
    except TimeoutError:
        raise AssertionError(f"not within {within} s; last seen: {last!r}") from None
