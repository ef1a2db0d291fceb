"""Asking a target for records: those whose ID is not known, and those whose answer was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

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

log = structlog.get_logger()


async def look_up(
    run: RunRef, target: Target, items: Sequence[Item], work: Work
) -> list[tuple[Item, TargetAnswer]]:
    """Ask for records, side by side within Max Concurrent.

    Returns:
        What the target said, in no order; what it could not be asked for is in `work`. Where the
        partition leaves, not about all.
    """
    size = max(target.capabilities.lookup_size, 1)
    bulks = bulks_of(items, size)
    found: list[tuple[Item, TargetAnswer]] = []

    async def ask() -> None:
        for part in bulks:  # shared by all: each takes the next one
            if work.is_cancelled:
                work.settle(part, Outcome.CANCELLED)
                continue
            result = await _ask(target, write_batch(run, target, part), part, work)
            found.extend(_answers(result, part, work) if result else [])

    async with asyncio.TaskGroup() as group:
        for _ in range(min(-(-len(items) // size), target.concurrent)):
            group.create_task(ask())
    return found


async def _ask(
    target: Target, batch: WriteBatch, items: Sequence[Item], work: Work
) -> LookupResult | None:
    """Make one call; nothing was sent, so a failure leaves nothing in doubt."""
    try:
        async with target.limiter.call(end_if_departing):
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
