"""Reading from a source that asks to be left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.connectors.port import ExtractRequest, Page
from syncline.domain.columns import Columns
from syncline.domain.errors import RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.retry import RetryPolicy
from syncline.postgres.limits.retry_after import PausedError
from syncline.testing.clock import FakeClock
from syncline_ingest.reading import chunks
from syncline_ingest.reading.chunks import Source
from tests.support.eventually import eventually
from tests.support.limits import NoLimits


class Limiter(NoLimits):
    """Refuses as many calls as it was given errors."""

    def __init__(self) -> None:
        super().__init__()
        self.paused: list[PausedError] = []

    @asynccontextmanager
    async def call(self, check: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
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


def no_hashes(rows: Sequence[bytes], _layout: bytes = b"") -> list[str]:
    return [""] * len(rows)


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
        found = [chunk async for chunk in source.read(None, None, 10, no_hashes)]
        return [source_id for chunk in found for source_id in chunk.rows.ids]

    reading = asyncio.ensure_future(all_ids())
    await clock.advance(seconds)
    assert reading.done()
    return reading.result(), told, clock


async def test_a_source_is_left_alone_for_as_long_as_it_asks_and_no_attempt_is_used_up() -> None:
    limiter = Limiter()
    found, told, clock = await read(Busy([3600.0] * 5), limiter, 5 * 3600.0)
    assert found == ["A1"]
    assert clock.slept == [3600.0] * 5
    assert limiter.held_off == [3600.0] * 5  # for every call of the profile, in every process
    assert told == [(3600.0, "429")] * 5
    assert limiter.failed == ["unavailable"] * 5


async def test_a_profile_that_another_call_was_told_to_leave_alone_is_waited_for() -> None:
    limiter = Limiter()
    limiter.paused.append(PausedError(900.0, "too many"))
    found, told, _ = await read(Busy([]), limiter, 900.0)
    assert found == ["A1"]
    assert told == [(900.0, "no call for another 900 s: too many")]
    assert limiter.held_off == []


async def test_a_query_that_takes_long_is_told_of_so_that_its_run_does_not_count_as_stalled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "TELL_EVERY", 0.01)
    told: list[tuple[float, str]] = []

    async def tell(wait: float, reason: str) -> None:
        told.append((wait, reason))
        if len(told) == 1:
            raise RetriableError("Kafka is away")

    class Slow(Busy):
        async def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
            await eventually(lambda: len(told) >= 3)
            async for page in super().extract(request):
                yield page

    slow: Any = Slow([])
    source = Source(slow, Extraction(id_column="id"), RetryPolicy(), FakeClock(), Limiter(), tell)
    read_chunks = [chunk async for chunk in source.read(None, None, 10, no_hashes)]
    assert [chunk.rows.ids for chunk in read_chunks] == [["A1"]]
    assert told[1] == (0.02, "the source has worked for 0 s")
    known = len(told)
    await asyncio.sleep(0.03)
    assert len(told) == known


async def test_a_day_at_a_time() -> None:
    found, _, clock = await read(Busy([1e9]), Limiter(), 86_400.0)
    assert found == ["A1"]
    assert clock.slept == [86_400.0]
