"""Asking a target for records: in parts, side by side, and told once where it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from syncline.connectors.facts import Capabilities
from syncline.connectors.port import ConnectorError, LookupResult, WriteBatch
from syncline.contracts.run_ref import RunRef
from syncline.domain.columns import Columns
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline_execute.lookups import look_up
from syncline_execute.rules import Item
from syncline_execute.targets import Target
from syncline_execute.work import Halts, Work
from tests.support.limits import NoLimits
from tests.support.run_commands import ToldCommands

ONE = "01a218f0-d9ad-7980-81d9-14cf848cf7d1"
RUN = RunRef(ONE, "default", 1, ONE, "item", ONE, ONE, ONE, 1)
REFUSED = ConnectorError(Failure(Category.PERMANENT, "login_refused", "401"))


class Limiter(NoLimits):
    """Notes how many calls are under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most = self._now = 0

    @asynccontextmanager
    async def call(self, check: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            yield
        finally:
            self._now -= 1


class Asked:
    """Finds every other record; the first look-ups wait until `beside` of them are under way."""

    def __init__(self, beside: int = 1, error: Exception | None = None) -> None:
        self.sizes: list[int] = []
        self._together = asyncio.Event()
        self._beside = beside
        self._error = error

    async def lookup(self, batch: WriteBatch) -> LookupResult:
        self.sizes.append(len(batch.source_ids))
        if self._error is not None:
            raise self._error
        if len(self.sizes) == self._beside:
            self._together.set()
        await self._together.wait()
        return LookupResult([f"T{i}" if int(i) % 2 else None for i in batch.source_ids])


def target(connector: Any, limiter: Any, size: int) -> Target:
    return Target(
        connector,
        Capabilities(target=True, lookup=True, lookup_first=True, lookup_size=size),
        Transformation(match_key=("sku",)),
        RetryPolicy(),
        limiter,
        10,
    )


def items(count: int) -> list[Item]:
    return [
        Item(
            0,
            n,
            str(n),
            Columns.of([{"sku": "A"}] * count),
            None,
            b'{"sku":"A"}',
            "a" * 32,
            None,
            1,
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(("size", "calls"), [(1, 1878), (100, 19)])
async def test_look_ups_run_side_by_side_within_max_concurrent(size: int, calls: int) -> None:
    limiter, connector = Limiter(), Asked(beside=10)
    work = Work(Halts(), ToldCommands(), ONE)
    found, unasked = await look_up(RUN, target(connector, limiter, size), items(1878), work)
    assert unasked == []
    assert (len(connector.sizes), limiter.most) == (calls, 10)
    assert sum(connector.sizes) == len(found) == 1878
    ids = {item.source_id: seen.target_id for item, seen in found}
    assert (ids["7"], ids["8"]) == ("T7", None)


async def test_when_it_is_late_what_was_found_comes_first() -> None:
    limiter, connector = Limiter(), Asked()
    work = Work(Halts(), ToldCommands(), ONE)
    asked = target(connector, limiter, 5)
    found, unasked = await look_up(RUN, asked, items(500), work, lambda: len(connector.sizes) > 2)
    assert 0 < len(found) == sum(connector.sizes) < 500, "something is found however late it is"
    ids = [item.source_id for item in (*(item for item, _ in found), *unasked)]
    assert sorted(ids, key=int) == [str(n) for n in range(500)]


async def test_a_refusal_of_the_whole_call_is_told_once() -> None:
    limiter, connector = Limiter(), Asked(error=REFUSED)
    work = Work(Halts(), ToldCommands(), ONE)
    assert await look_up(RUN, target(connector, limiter, 1), items(500), work) == ([], [])
    assert work.halt == REFUSED.failure
    assert len(work.settled[0][Outcome.CANCELLED]) == 500
    assert work.failed[0] == {}
    assert len(connector.sizes) <= 10
    assert set(limiter.failed) == {REFUSED.failure.code}, "each such call is counted"


async def test_a_target_that_asks_to_wait_is_left_alone() -> None:
    limiter, connector = Limiter(), Asked(error=RetriableError("429", retry_after=900.0))
    work = Work(Halts(), ToldCommands(), ONE)
    await look_up(RUN, target(connector, limiter, 5), items(5), work)
    assert limiter.held_off == [900.0]
    assert {failure.retry_after for failure in work.failed[0].values()} == {900.0}
    assert work.halt is None


async def test_a_run_that_is_cancelled_meanwhile_asks_no_further() -> None:
    commands, limiter = ToldCommands(), Limiter()

    class Cancelling(Asked):
        async def lookup(self, batch: WriteBatch) -> LookupResult:
            commands.cancelled.add(ONE)
            return await super().lookup(batch)

    connector = Cancelling()
    work = Work(Halts(), commands, ONE)
    await look_up(RUN, target(connector, limiter, 1), items(500), work)
    assert len(connector.sizes) <= 10
    assert len(work.settled[0][Outcome.CANCELLED]) == 500 - len(connector.sizes)
