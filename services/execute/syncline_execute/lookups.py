"""Asking a target for records: those whose ID is not known, and those whose answer was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

import structlog

from syncline.connectors.port import ConnectorError, LookupResult, WriteBatch
from syncline.contracts.run_ref import RunRef
from syncline.domain.breaker import is_counted
from syncline.domain.errors import Category, FailureError
from syncline.domain.run import Outcome
from syncline.postgres.limits.retry_after import PausedError
from syncline.runtime.departure import end_if_departing
from syncline.runtime.failure.failure_router import failure_of_bug
from syncline_execute.calls import BROKE, waits_instead, write_batch
from syncline_execute.rules import Item, TargetAnswer
from syncline_execute.targets import Target
from syncline_execute.work import Work, bulks_of

CALLS_OF_PART = 5
"""Calls one after another in each of the places that a profile's Max Concurrent gives."""
log = structlog.get_logger()


def part_size(target: Target) -> int | None:
    """Return how many items are looked up before they are written; None: all at once."""
    can = target.capabilities
    if not can.lookup_first:
        return None
    return CALLS_OF_PART * target.concurrent * max(can.bulk_size, can.lookup_size, 1)


class _LateError(Exception):
    """What was found is to be written before more is asked for."""


async def look_up(
    run: RunRef,
    target: Target,
    items: Sequence[Item],
    work: Work,
    is_late: Callable[[], bool] = lambda: False,
) -> tuple[list[tuple[Item, TargetAnswer]], list[Item]]:
    """Ask for records, side by side within Max Concurrent.

    Args:
        is_late: from when on no further call begins, if something was found; calls that wait for
            their turn are calls that have not begun.

    Returns:
        What the target said, in no order, and what it was not asked for because it was late. What
        it could not be asked for is in `work`. Where the partition leaves, not about all.
    """
    size = max(target.capabilities.lookup_size, 1)
    bulks = bulks_of(items, size)
    search = _Search(run, target, work, is_late)
    async with asyncio.TaskGroup() as group:
        for _ in range(min(-(-len(items) // size), target.concurrent)):
            group.create_task(search.ask(bulks))
    return search.found, search.unasked


class _Search:
    """What was found of some records, and what was not asked for."""

    def __init__(
        self, run: RunRef, target: Target, work: Work, is_late: Callable[[], bool]
    ) -> None:
        self.found: list[tuple[Item, TargetAnswer]] = []
        self.unasked: list[Item] = []
        self._run = run
        self._target = target
        self._work = work
        self._is_late = is_late

    async def ask(self, bulks: Iterator[Sequence[Item]]) -> None:
        """Make one call after the other; `bulks` are shared by all: each takes the next one."""
        work = self._work
        for part in bulks:
            if work.is_cancelled:
                work.settle(part, Outcome.CANCELLED)
                continue
            try:
                self._check()
                batch = write_batch(self._run, self._target, part)
                result = await _ask(self._target, batch, part, work, self._check)
            except _LateError:  # they are looked up behind what was found
                self.unasked.extend(part)
            else:
                self.found.extend(_answers(result, part, work) if result else [])

    def _check(self) -> None:
        end_if_departing()
        if self.found and self._is_late():
            raise _LateError


async def _ask(
    target: Target,
    batch: WriteBatch,
    items: Sequence[Item],
    work: Work,
    check: Callable[[], None],
) -> LookupResult | None:
    """Make one call; nothing was sent, so a failure leaves nothing in doubt.

    Raises what `check` raises while it waits for its turn.
    """
    try:
        async with target.limiter.call(check):
            if work.halt is not None:
                work.stop(items, work.halt)
                return None
            try:
                answer = await target.connector.lookup(batch)
            except PausedError:
                raise
            except FailureError as error:
                target.limiter.count_failed(error.failure)
                await _refused(target, error, items, work)
            except Exception as error:
                log.exception("connector_broke")
                work.fail(items, failure_of_bug(BROKE, error))
            else:
                target.limiter.breaker.answered()
                return answer
    except PausedError as error:
        work.fail(items, error.failure)
    return None


async def _refused(target: Target, error: FailureError, items: Sequence[Item], work: Work) -> None:
    failure = error.failure
    if is_counted(failure):
        waits = await waits_instead(target.limiter.breaker, failure)
        if waits is not None:
            work.fail(items, waits)
            return
    if isinstance(error, ConnectorError) and failure.category is Category.PERMANENT:
        work.stop(items, failure)
        return
    if failure.retry_after and failure.category is not Category.PERMANENT:
        await target.limiter.pause.hold_off(failure.retry_after, failure.message)
    work.fail(items, failure)


def _answers(
    result: LookupResult, items: Sequence[Item], work: Work
) -> list[tuple[Item, TargetAnswer]]:
    for place, failure in result.failures.items():
        work.fail([items[place]], failure)
    return [
        (
            item,
            TargetAnswer(
                result.target_ids[place], result.holds.get(place), result.differs.get(place)
            ),
        )
        for place, item in enumerate(items)
        if place not in result.failures
    ]
