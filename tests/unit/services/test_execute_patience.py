"""Waiting with a target that says when to come again."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.connectors.port import WriteResult
from syncline.domain.errors import Category, Failure
from syncline_execute.patience import PATIENCE, patiently

BUSY = Failure(Category.TRANSIENT, "rate_limited", "too many", retry_after=2.0)
BAD = Failure(Category.PERMANENT, "refused", "no")


class Profile:
    """Notes the pauses."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def hold_off(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def turn(self) -> None:
        """Wait no time."""


class Target:
    """Takes so many records a call and is busy for the others; `bad` ones it refuses."""

    def __init__(self, takes: int, bad: Sequence[int] = ()) -> None:
        self._takes = takes
        self._bad = bad
        self.calls: list[list[int]] = []

    async def send(self, places: Sequence[int]) -> WriteResult:
        self.calls.append(list(places))
        taken = [p for p in places if p not in self._bad][: self._takes]
        ids = [f"T{p}" if p in taken else None for p in places]
        left = {i: BUSY for i, p in enumerate(places) if p not in taken}
        return WriteResult(ids, left | {i: BAD for i, p in enumerate(places) if p in self._bad})


async def test_only_what_the_target_was_too_busy_for_is_sent_again() -> None:
    target, profile = Target(2, bad=[1]), Profile()
    result = await patiently(target.send, 6, profile)

    assert result.failures == {1: BAD}
    assert result.target_ids == ["T0", None, "T2", "T3", "T4", "T5"]
    assert target.calls == [[0, 1, 2, 3, 4, 5], [3, 4, 5], [5]]
    assert profile.pauses == [2.0, 2.0]


async def test_patience_ends_and_the_records_are_retried_the_usual_way() -> None:
    target, profile = Target(0), Profile()
    result = await patiently(target.send, 3, profile)

    assert result.failures == dict.fromkeys(range(3), BUSY)
    assert sum(profile.pauses) == PATIENCE
