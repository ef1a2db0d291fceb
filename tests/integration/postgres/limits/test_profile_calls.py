"""Which runs use a profile's calls, and which wait for one, as people see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest

from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits, ProfileLimiter
from syncline.postgres.limits.profile_calls import ProfileCallsView, calls_now
from syncline.postgres.limits.run_limiter import RunLimiter
from tests.support.eventually import eventually
from tests.support.stored_runs import store_runs

ONE, TWO = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
TENANT = "default"
WITHIN = 30.0
"""Seconds; less than a token takes."""


class NotWantedError(Exception):
    """The call is not to be made any more."""


@pytest.fixture
async def profile(configured: Database) -> str:
    await store_runs(configured, [ONE, TWO])
    return str(await configured.fetchval("select target_id from instances"))


def limiter(database: Database, profile: str, concurrent: int = 3) -> ProfileLimiter:
    """Return the limiter of a process of its own."""
    return Limits(database).of(profile, TENANT, concurrent, None)


async def shown(database: Database, profile: str) -> ProfileCallsView:
    calls = await calls_now(database, TENANT, [profile])
    return calls.get(profile, ProfileCallsView())


def shares(view: ProfileCallsView) -> dict[str, tuple[int, int]]:
    return {run.correlation_id: (run.in_hand, run.waiting) for run in view.runs}


@asynccontextmanager
async def calls(limits: ProfileLimiter, run_id: str, count: int) -> AsyncIterator[None]:
    """Have some calls of a run in hand."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(RunLimiter(limits, run_id).call())
        yield


@asynccontextmanager
async def waiting_calls(limits: ProfileLimiter, run_id: str, count: int) -> AsyncIterator[None]:
    """Have some calls of a run wait for their turn."""

    async def call() -> None:
        async with RunLimiter(limits, run_id).call():
            pytest.fail("it was not to have its turn")

    waiting = [asyncio.create_task(call()) for _ in range(count)]
    await asyncio.sleep(0)
    yield
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_shares_of_two_runs_are_summed_over_two_processes(
    configured: Database, profile: str
) -> None:
    here, there = limiter(configured, profile), limiter(configured, profile)
    async with (
        calls(here, ONE, 1),
        calls(there, ONE, 1),
        calls(there, TWO, 1),
        waiting_calls(here, TWO, 2),  # the three slots are taken
    ):
        for limits in (here, there):
            await limits.renew()
        view = await shown(configured, profile)
        assert (view.in_hand, view.waiting) == (3, 2)
        assert shares(view) == {ONE: (2, 0), TWO: (1, 2)}
        one, two = view.runs
        assert (two.instance, two.entity_type) == ("erp-shop", "item")
        assert one.waiting_since is None
        assert two.waiting_since is not None
        assert two.waiting_since <= await configured.fetchval("select now()")
        assert await calls_now(configured, "other", [profile]) == {}
        assert await shown(configured, str(uuid4())) == ProfileCallsView()


@pytest.mark.parametrize(("concurrent", "rate"), [(9, 0.01), (1, None)], ids=["token", "slot"])
async def test_a_call_that_nobody_wants_any_more_ends_its_wait(
    configured: Database, profile: str, concurrent: int, rate: float | None
) -> None:
    limits, others = (Limits(configured).of(profile, TENANT, concurrent, rate) for _ in range(2))
    is_wanted = True

    def check() -> None:
        if not is_wanted:
            raise NotWantedError

    async def call() -> None:
        async with limits.call(ONE, check):
            pytest.fail("it was not to have its turn")

    async with others.call():  # the only slot, or the only token for a while
        waiting = [asyncio.create_task(call()) for _ in range(3)]
        await eventually(lambda: limits._slots._claiming.locked() or limits._paying.locked())
        is_wanted = False
        await asyncio.wait(waiting, timeout=WITHIN)
        assert [type(task.exception()) for task in waiting] == [NotWantedError] * 3


async def test_what_has_ended_is_shown_no_more(configured: Database, profile: str) -> None:
    limits = limiter(configured, profile)
    async with calls(limits, ONE, 1):
        async with calls(limits, TWO, 2):
            await limits.renew()
            assert shares(await shown(configured, profile)) == {ONE: (1, 0), TWO: (2, 0)}
        await limits.renew()
        assert shares(await shown(configured, profile)) == {ONE: (1, 0)}
    await limits.renew()
    assert await configured.fetchval("select count(*) from profile_calls") == 0


async def test_a_call_of_no_run_is_not_shown(configured: Database, profile: str) -> None:
    limits = limiter(configured, profile)
    async with limits.call():
        await limits.renew()
        assert await shown(configured, profile) == ProfileCallsView()


async def test_a_process_that_ends_removes_what_it_has_stored(
    configured: Database, profile: str
) -> None:
    limits = limiter(configured, profile)
    async with calls(limits, ONE, 1):
        await limits.renew()
        await limits.release()
        assert await shown(configured, profile) == ProfileCallsView()


async def test_what_a_dead_process_had_runs_out_and_is_removed_by_another(
    configured: Database, profile: str
) -> None:
    dead, alive = limiter(configured, profile), limiter(configured, profile)
    async with calls(dead, ONE, 1), calls(alive, TWO, 1):
        await dead.renew()
        await alive.renew()
        assert shares(await shown(configured, profile)) == {ONE: (1, 0), TWO: (1, 0)}
        await configured.execute(
            "update profile_calls set written_at = now() - interval '31 s' where holder = $1",
            dead.calls._holder,
        )
        assert shares(await shown(configured, profile)) == {TWO: (1, 0)}
    await alive.renew()
    assert await configured.fetchval("select count(*) from profile_calls") == 0


async def test_a_call_costs_no_query_and_what_is_idle_stores_nothing(
    configured: Database, profile: str
) -> None:
    limits = limiter(configured, profile)
    async with calls(limits, ONE, 1):
        assert await configured.fetchval("select count(*) from profile_calls") == 0
    await limits.renew()
    assert await configured.fetchval("select count(*) from profile_calls") == 0
