"""Waiting with a target that says when to come again."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.connectors.port import WriteResult
from syncline.domain.errors import Category, Failure
from syncline.postgres.limits.retry_after import PausedError
from syncline_execute.calls import PATIENCE, send_throttled

BUSY = Failure(Category.TRANSIENT, "rate_limited", "too many", retry_after=2.0)
BAD = Failure(Category.PERMANENT, "refused", "no")


class Profile:
    """Notes the pauses."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.paused: PausedError | None = None

    def left(self) -> tuple[float, str]:
        return 0.0, ""

    async def hold_off(self, seconds: float, reason: str) -> None:
        self.pauses.append(seconds)
        assert reason

    async def wait(self) -> None:
        """Wait no time, or say that it takes too long."""
        if self.paused is not None:
            raise self.paused


class Target:
    """Takes so many records a call and is busy for the others; `bad` ones it refuses."""

    def __init__(self, takes: int, bad: Sequence[int] = ()) -> None:
        self._takes = takes
        self._bad = bad
        self.calls: list[list[int]] = []
        self.busy = BUSY

    async def send(self, places: Sequence[int]) -> WriteResult:
        self.calls.append(list(places))
        taken = [p for p in places if p not in self._bad][: self._takes]
        ids = [f"T{p}" if p in taken else None for p in places]
        left = {i: self.busy for i, p in enumerate(places) if p not in taken}
        return WriteResult(ids, left | {i: BAD for i, p in enumerate(places) if p in self._bad})


async def test_only_what_the_target_was_too_busy_for_is_sent_again() -> None:
    target, profile = Target(2, bad=[1]), Profile()
    result = await send_throttled(target.send, 6, profile)

    assert result.failures == {1: BAD}
    assert result.target_ids == ["T0", None, "T2", "T3", "T4", "T5"]
    assert target.calls == [[0, 1, 2, 3, 4, 5], [3, 4, 5], [5]]
    assert profile.pauses == [2.0, 2.0]


async def test_patience_ends_and_the_records_are_retried_the_usual_way() -> None:
    target, profile = Target(0), Profile()
    result = await send_throttled(target.send, 3, profile)

    assert result.failures == dict.fromkeys(range(3), BUSY)
    assert sum(profile.pauses) == PATIENCE + 2.0


async def test_a_long_wait_holds_back_the_profile_and_is_not_waited_here() -> None:
    target, profile = Target(2), Profile()
    target.busy = msgspec.structs.replace(BUSY, retry_after=3600.0)
    result = await send_throttled(target.send, 3, profile)

    assert result.failures == {2: target.busy}
    assert target.calls == [[0, 1, 2]]
    assert profile.pauses == [3600.0]


async def test_who_is_told_meanwhile_to_wait_long_keeps_what_was_written() -> None:
    target, profile = Target(2), Profile()
    profile.paused = PausedError(900.0, "too many")
    result = await send_throttled(target.send, 3, profile)

    assert result.target_ids == ["T0", "T1", None]
    assert result.failures == {2: profile.paused.failure}


async def test_what_concerns_the_whole_call_and_what_is_there_already_comes_through() -> None:
    async def send(places: Sequence[int]) -> WriteResult:
        return WriteResult([None] * 3, {}, {1: BAD}, {2})

    result = await send_throttled(send, 3, Profile())
    assert (result.stopped, result.existing, result.failures) == ({1: BAD}, {2}, {})
