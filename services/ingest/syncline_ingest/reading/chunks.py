"""Reading a run's source: page by page as a stream of chunks, or some records by their IDs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import TypeAlias, TypeVar

import structlog

from syncline.connectors.port import Connector, ConnectorError, ExtractRequest, Page
from syncline.domain.errors import Category, Failure, FailureError, RetriableError
from syncline.domain.mapping.extraction import Extraction
from syncline.domain.mapping.source_paths import (
    NameCoverage,
    SourceField,
    missing_columns,
    name_coverage,
)
from syncline.domain.retry import GiveUp, RetryPolicy, dispose
from syncline.postgres.limits.retry_after import PausedError
from syncline.runtime.clock import Clock
from syncline.runtime.failure.failure_router import failure_of_bug, storable
from syncline.runtime.ports import CallLimiter
from syncline_ingest.reading.chunk import Chunk, Hasher, rows_of
from syncline_ingest.rows import (
    Rows,
    join_rows,
    rows_of_refused,
    unknown_row,
)
from syncline_ingest.sifting.repeats import twice

T = TypeVar("T")
TELL_EVERY = 60.0
"""Seconds between two reports that the source still works on a call."""
LONGEST_CALL = 24 * 60 * 60.0
"""Seconds that a call may take, the longest statement time-out; one that takes longer hangs."""
log = structlog.get_logger()


class SourceError(FailureError):
    """The source cannot be read on; the extraction ends here with this failure."""


class SourceFailedError(Exception):
    """One call failed. `final`: trying again is of no use."""

    def __init__(self, failure: Failure, final: bool) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.final = final


WaitListener: TypeAlias = Callable[[float, str], Awaitable[None]]
"""Is told that a run waits for its source, for how many seconds, and why."""


async def silent(_seconds: float, _reason: str) -> None:
    """Tell nobody."""


class Source:
    """A run's source: its connector, what to extract, and how its failures are retried."""

    def __init__(
        self,
        connector: Connector,
        extraction: Extraction,
        policy: RetryPolicy,
        clock: Clock,
        limiter: CallLimiter,
        told: WaitListener = silent,
    ) -> None:
        self._connector = connector
        self._fields: tuple[SourceField, ...] = ()
        self._names: frozenset[str] = frozenset()
        self._checked: tuple[str, ...] | None = None
        self._limiter = limiter
        self._told = told
        self.extraction = extraction
        self.ordered = connector.reads_in_order(extraction)
        self._policy = policy
        self._clock = clock
        self._random = Random()  # noqa: S311 - jitter

    def expect(self, fields: Sequence[SourceField]) -> None:
        """Say what the mapping reads of a record: a source that lacks it is not read on."""
        self._fields = tuple(fields)
        self._names = frozenset(field.name for field in fields if not field.has_default)

    @property
    def can_stand_still(self) -> bool:
        """Tell whether it can be read in an order that no change to a record moves."""
        return self._connector.reads_stably(self.extraction)

    async def read(
        self,
        after: str | None,
        position: str | None,
        page_size: int,
        hasher: Hasher,
        *,
        stable: bool = False,
    ) -> AsyncGenerator[Chunk, None]:
        """Stream the source; goes on by itself after transient failures.

        Args:
            stable: in an order that stands still.

        Raises:
            SourceError: it cannot be read, or not any more.
        """
        attempt = 0
        while True:
            request = ExtractRequest(self.extraction, after, position, None, page_size, stable)
            pages = self._connector.extract(request)
            try:
                while (page := await self._called(partial(anext, pages, None))) is not None:
                    attempt, position = 0, page.position
                    yield self._chunk(page, hasher)
            except SourceFailedError as failed:
                attempt = await self._wait(failed, attempt)
            else:
                return
            finally:
                if isinstance(pages, AsyncGenerator):
                    await pages.aclose()

    def _chunk(self, page: Page, hasher: Hasher) -> Chunk:
        """Take a page. Raises SourceError where it lacks a column that the mapping reads."""
        self._check_columns(page)
        return Chunk(
            rows_of(page, hasher),
            page.position,
            had=None if page.columns is not None else _coverage(page, self._names),
            snapshots=() if page.snapshot is None else (page.snapshot,),
            twice=tuple(twice(page.ids)),
            notices=page.notices,
        )

    def _check_columns(self, page: Page) -> None:
        if page.columns is None or page.columns == self._checked:
            return
        if wrong := missing_columns(self._fields, page.columns):
            message = "; ".join(problem.message for problem in wrong)
            failure = Failure(Category.PERMANENT, "unknown_column", message)
            raise SourceError(failure)
        self._checked = page.columns

    async def fetch(self, ids: Sequence[str], hasher: Hasher) -> Rows:
        """Read just these records; one the source does not know comes back as a refused row.

        Raises:
            SourceError: the source cannot be read.
        """
        attempt = 0
        while True:
            try:
                page = await self._called(lambda: self._connector.fetch(self.extraction, ids))
            except SourceFailedError as failed:
                attempt = await self._wait(failed, attempt)
            else:
                self._check_columns(page)
                rows = rows_of(page, hasher)
                found = set(rows.ids)
                unknown = [unknown_row(i) for i in ids if page.asked.get(i, i) not in found]
                return join_rows([rows, rows_of_refused(unknown)]) if unknown else rows

    async def _called(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make one call within the profile's limits; a slot is held no longer than a page takes.

        Raises:
            RetriableError: the product's database is away.
            SourceFailedError: the call failed.
        """
        try:
            async with self._limiter.call():
                return await self._made(call)
        except PausedError as error:
            raise SourceFailedError(error.failure, final=False) from error

    async def _made(self, call: Callable[[], Awaitable[T]]) -> T:
        telling = asyncio.ensure_future(self._tell_of_long_call())
        try:
            return await call()
        except FailureError as error:
            failure = error.failure
            self._limiter.count_failed(failure)
            if failure.retry_after and failure.category is not Category.PERMANENT:
                await self._limiter.pause.hold_off(failure.retry_after, failure.message)
            raise SourceFailedError(failure, isinstance(error, ConnectorError)) from error
        except Exception as error:
            log.exception("connector_broke")
            raise SourceFailedError(
                failure_of_bug("the source's connector broke", error), final=False
            ) from error
        finally:
            telling.cancel()

    async def _tell_of_long_call(self) -> None:
        """Tell at intervals that a call goes on, so that the run is not taken for stalled."""
        for number in range(1, int(LONGEST_CALL / TELL_EVERY)):
            await asyncio.sleep(TELL_EVERY)
            seconds = number * TELL_EVERY
            with suppress(RetriableError):  # Kafka is away: it is told the next time
                await self._told(2 * TELL_EVERY, f"the source has worked for {seconds:,.0f} s")

    async def _wait(self, failed: SourceFailedError, attempt: int) -> int:
        """Wait before the next attempt; return how many are used up by then."""
        jitter = self._random.uniform(-1, 1)
        decision = dispose(failed.failure, attempt + 1, self._policy, jitter)
        if failed.final or isinstance(decision, GiveUp):
            raise SourceError(storable(failed.failure)) from failed
        if not decision.counted:
            await self._told(decision.delay, storable(failed.failure).message)
        await self._clock.sleep(decision.delay)
        return attempt + decision.counted


def _coverage(page: Page, names: frozenset[str]) -> NameCoverage | None:
    """Say which names the records of a page have; None where it has none that could be read."""
    records = page.records
    if len(page.bad) == len(records):
        return None
    everywhere = names & records.values.keys()
    if not records.rest:
        return NameCoverage(everywhere, everywhere)
    rest = [record for place, record in enumerate(records.rest) if place not in page.bad]
    found = name_coverage(rest, names - everywhere)
    return NameCoverage(everywhere | found.some, everywhere | found.every)
