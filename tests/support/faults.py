"""Faults at one call of a store or connector: before it, as an outage; behind it, as a crash."""

from __future__ import annotations

from typing import Any


class CrashError(BaseException):
    """The process dies here: what was done before stays done, what was to come does not come."""


def fail_once(subject: Any, method: str, error: Exception) -> None:
    """Let the next call of a method fail, with nothing done."""
    _replace_once(subject, method, error, is_done=False)


def crash_after(subject: Any, method: str) -> None:
    """Let the process die behind the next call of a method."""
    _replace_once(subject, method, CrashError(), is_done=True)


def _replace_once(subject: Any, method: str, error: BaseException, *, is_done: bool) -> None:
    original = getattr(subject, method)

    async def once(*args: Any, **options: Any) -> None:
        setattr(subject, method, original)
        if is_done:
            await original(*args, **options)
        raise error

    setattr(subject, method, once)
