"""What a profile's limits count and hold back, with a database that only notes what is asked."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from syncline.postgres.limits.leases import Limits, ProfileLimiter


class Notes:
    """Gives every slot and token it is asked for."""

    def __init__(self) -> None:
        self.tokens = 0

    async def execute(self, *_asked: Any) -> str:
        return ""

    async def fetch(self, *_asked: Any) -> list[Any]:
        return []

    async def fetchval(self, sql: str, *_values: Any) -> Any:
        if "profile_rates" in sql:
            self.tokens += 1
        return 1


def limiter(notes: Notes, rate: float | None = 1000.0) -> ProfileLimiter:
    return Limits(notes).of(str(uuid4()), "default", 10, rate)  # type: ignore[arg-type]


async def test_every_call_to_the_system_takes_a_token_and_the_first_is_paid_with_the_slot() -> None:
    notes = Notes()
    limits = limiter(notes)

    async with limits.call():
        for _ in range(500):
            await limits.pace()

    assert notes.tokens == 500


async def test_calls_that_go_side_by_side_within_one_slot_share_its_first_token() -> None:
    notes = Notes()
    limits = limiter(notes)

    async with limits.call(), asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(limits.pace())

    assert notes.tokens == 4


async def test_one_call_does_not_use_what_another_has_paid() -> None:
    notes = Notes()
    limits = limiter(notes)

    async with limits.call():
        pass  # nothing was sent in the end
    async with limits.call():
        await limits.pace()
        await limits.pace()

    assert notes.tokens == 3


async def test_without_a_rate_nothing_is_counted() -> None:
    notes = Notes()
    limits = limiter(notes, None)

    async with limits.call():
        await limits.pace()

    assert notes.tokens == 0
