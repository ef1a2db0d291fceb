"""Reading from a source that asks to be left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from syncline.connectors.port import ExtractRequest, Page
from syncline.domain.columns import Columns
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.retry import RetryPolicy
from syncline.postgres.limits.retry_after import PausedError
from syncline.testing.clock import FakeClock
from syncline_ingest.reading.chunks import Source
from tests.support.limits import ClosedBreaker


class Limiter:
    """Notes pauses; `paused` is met by the next call."""

    def __init__(self) -> None:
        self.pause = self
        self.breaker = ClosedBreaker()
        self.held: list[float] = []
        self.paused: list[PausedError] = []

    async def hold_off(self, seconds: float, reason: str) -> None:
        self.held.append(seconds)

    async def wait(self) -> None: ...

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        if self.paused:
            raise self.paused.pop()
        yield


class Busy:
    """Says so many times when to come again, and then gives one record."""

    def __init__(self, waits: Sequence[float]) -> None:
        self.waits = list(waits)

    async def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
        if self.waits:
            raise RetriableError("429", retry_after=self.waits.pop())
        yield Page(["A1"], [None], Columns.of([{"id": "A1"}]), "end")

    def reads_in_order(self, extraction: Extraction) -> bool:
        return True


async def read(
    connector: Any, limiter: Limiter, seconds: float
) -> tuple[list[str], list[tuple[float, str]], FakeClock]:
    clock, told = FakeClock(), list[tuple[float, str]]()

    async def tell(wait: float, reason: str) -> None:
        told.append((wait, reason))

    source = Source(
        connector, Extraction(id_column="id"), RetryPolicy(retries=0), clock, limiter, tell
    )

    async def all_ids() -> list[str]:
        def hasher(rows: Sequence[bytes], _layout: bytes = b"") -> list[str]:
            return [""] * len(rows)

        chunks = [chunk async for chunk in source.read(None, None, 10, hasher)]
        return [source_id for chunk in chunks for source_id in chunk.rows.ids]

    reading = asyncio.ensure_future(all_ids())
    await clock.advance(seconds)
    assert reading.done()
    return reading.result(), told, clock


async def test_a_source_is_left_alone_for_as_long_as_it_asks_and_no_attempt_is_used_up() -> None:
    limiter = Limiter()
    found, told, clock = await read(Busy([3600.0] * 5), limiter, 5 * 3600.0)
    assert found == ["A1"]
    assert clock.slept == [3600.0] * 5
    assert limiter.held == [3600.0] * 5  # for every call of the profile, in every process
    assert told == [(3600.0, "429")] * 5


async def test_a_profile_that_another_call_was_told_to_leave_alone_is_waited_for() -> None:
    limiter = Limiter()
    limiter.paused.append(PausedError(900.0, "too many"))
    found, told, _ = await read(Busy([]), limiter, 900.0)
    assert found == ["A1"]
    assert told == [(900.0, "no call for another 900 s: too many")]
    assert limiter.held == []


async def test_a_day_at_a_time() -> None:
    found, _, clock = await read(Busy([1e9]), Limiter(), 86_400.0)
    assert found == ["A1"]
    assert clock.slept == [86_400.0]
