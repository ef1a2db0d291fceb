"""Execute: a process that was stopped for a while, and whose records others have written since."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest

from syncline.connectors.facts import Capabilities
from syncline.connectors.port import Connector, LookupResult, WriteBatch, WriteResult
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.domain.errors import FailureError, RetriableError
from syncline.domain.ledger import WriteIntents
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.postgres.database.database import Database
from syncline.postgres.limits.leases import Limits, checked_before_calls
from syncline.runtime.departure import note_departure_of
from syncline.testing.clock import FakeClock
from syncline_execute.fence import TRUSTED, Fence
from syncline_execute.row_names import RowNaming
from syncline_execute.rules import UNDER_WAY, items_of
from syncline_execute.targets import Target
from syncline_execute.work import Halts, Work
from syncline_execute.writer import Writer
from tests.support.eventually import eventually
from tests.support.limits import NoLimits
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import a_run
from tests.support.reports import one_batch
from tests.support.run_commands import ToldCommands

RUN = ref_of(a_run())
NEXT = msgspec.structs.replace(RUN, id="01a218f0-d9ad-7980-81d9-14cf848cf7d5")
CALL = 20.0
STOPPED = 45.0
CANNOT = Capabilities(target=True, bulk_size=1, longest_call=CALL)
ASKED = msgspec.structs.replace(CANNOT, lookup=True, visible_after=5.0)
UPSERTS = msgspec.structs.replace(CANNOT, idempotent_upsert=True)


class Shop:
    """A target that shows what it has after a while.

    `meanwhile` happens in its next write, `meanwhile_looking` in its next look-up.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.calls: Counter[str] = Counter()
        self.looked: list[str] = []
        self.holds: dict[str, tuple[float, bytes]] = {}
        self.loses_answers = False
        self.shown_after = 0.0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.meanwhile_looking: Callable[[], Awaitable[None]] | None = None

    async def write(self, batch: WriteBatch) -> WriteResult:
        for source_id, payload in zip(batch.source_ids, batch.payloads, strict=True):
            self.calls[source_id] += 1
            self.holds[source_id] = (self._clock.monotonic(), payload)
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            await meanwhile()
        if self.loses_answers:
            raise RetriableError("lost", code="connection_lost", ambiguous=True)
        return WriteResult([f"T{source_id}" for source_id in batch.source_ids])

    async def lookup(self, batch: WriteBatch) -> LookupResult:
        self.looked += batch.source_ids
        now = self._clock.monotonic()
        there = [
            place
            for place, source_id in enumerate(batch.source_ids)
            if source_id in self.holds and self.holds[source_id][0] + self.shown_after < now
        ]
        ids = [f"T{i}" if n in there else None for n, i in enumerate(batch.source_ids)]
        holds = {n: self.holds[batch.source_ids[n]][1] == batch.payloads[n] for n in there}
        if (meanwhile := self.meanwhile_looking) is not None:
            self.meanwhile_looking = None
            await meanwhile()
        return LookupResult(ids, {}, holds)


class World:
    """A target, its ledger, and processes that write to it."""

    def __init__(self, can: Capabilities) -> None:
        self.clock = FakeClock()
        self.shop = Shop(self.clock)
        self.ledger = MemoryLedger(self.clock)
        self.target = Target(
            cast(Connector, self.shop), can, Transformation(), RetryPolicy(), NoLimits(), 1
        )

    async def write(
        self, run: RunRef, version: int, ids: Sequence[str], ledger: MemoryLedger | None = None
    ) -> Work:
        """Let a process write records of a run."""
        own = ledger or self.ledger
        work = Work(Halts(), ToldCommands(), run.id)
        rows: list[dict[str, Any]] = [{"n": version} for _ in ids]
        batch = one_batch(run, 0, 0, list(range(len(ids))), list(ids), rows, version=version)
        writer = Writer(own, RowNaming(own), self.clock)
        await writer.write(run, self.target, items_of([batch]), work)
        return work


class OneByOne(NoLimits):
    """Lets one call at a time have its turn.

    Attributes:
        turns, waiting: calls that had theirs, and those that wait for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turns = self.waiting = 0
        self._turn = asyncio.Semaphore()

    @asynccontextmanager
    async def call(self, check: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
        self.waiting += 1
        try:
            while self._turn.locked():
                await asyncio.sleep(0)
                check()
        finally:
            self.waiting -= 1
        async with self._turn:
            self.turns += 1
            yield


class StoppingLedger(MemoryLedger):
    """The ledger of a process that is stopped right behind its first intent."""

    def __init__(self, world: World, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(world.clock)
        self._rows = world.ledger._rows
        self._meanwhile: Callable[[], Awaitable[None]] | None = meanwhile
        self._world = world

    async def intend(self, run: RunRef, begun: WriteIntents, seconds: float) -> set[str]:
        ours = await super().intend(run, begun, seconds)
        if (meanwhile := self._meanwhile) is not None:
            self._meanwhile = None
            await self._world.clock.advance(STOPPED)
            await meanwhile()
        return ours


def codes(work: Work) -> list[str]:
    return [failure.code for _, failure in sorted(work.failed[0].items())]


@pytest.mark.parametrize("can", [CANNOT, ASKED], ids=["cannot be asked", "can be asked"])
async def test_who_was_stopped_behind_an_intent_writes_nothing_that_others_looked_into(
    can: Capabilities,
) -> None:
    world = World(can)
    others: list[Work] = []

    async def take_over() -> None:
        others.append(await world.write(RUN, 1, ["a", "b"]))

    zombie = await world.write(RUN, 1, ["a", "b"], StoppingLedger(world, take_over))
    assert max(world.shop.calls.values()) == 1
    assert world.shop.calls["b"] == 1
    if can is ASKED:  # it was not there, so the others wrote it
        assert others[0].settled[0] == {Outcome.SUCCESS: [0, 1]}
        assert world.shop.calls["a"] == 1
    else:  # nobody can tell; a person finds that it is not there, and replays it
        assert codes(others[0]) == ["ambiguous_write"]
        assert world.shop.calls["a"] == 0
    assert codes(zombie)[0] == UNDER_WAY


async def test_who_was_stopped_in_a_call_overwrites_no_newer_version() -> None:
    world = World(UPSERTS)

    async def newer() -> None:
        await world.clock.advance(STOPPED)
        await world.write(NEXT, 2, ["b", "c"])

    world.shop.meanwhile = newer
    zombie = await world.write(RUN, 1, ["a", "b", "c", "d"])
    assert world.shop.calls == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert world.shop.holds["b"][1] == world.shop.holds["c"][1] == b'{"n":2}'
    assert zombie.settled[0] == {Outcome.SUCCESS: [0, 3]}
    assert codes(zombie) == [UNDER_WAY] * 2

    again = await world.write(RUN, 1, ["b", "c"])
    assert again.settled[0] == {Outcome.SUPERSEDED: [0, 1]}


@pytest.mark.parametrize("can", [CANNOT, ASKED], ids=["cannot be asked", "can be asked"])
async def test_who_has_no_answer_forgets_nothing_that_others_wrote_since(can: Capabilities) -> None:
    """What they wrote may come a second time: their process dies before it has committed."""
    world = World(can)

    async def take_over() -> None:
        await world.clock.advance(STOPPED)
        others = await world.write(RUN, 1, ["a"])
        if can is CANNOT:  # a person finds that it is not there, and replays it
            assert codes(others) == ["ambiguous_write"]
            intent = (await world.ledger.entries(RUN.stream, ["a"]))["a"].intent
            await world.ledger.withdraw(RUN.stream, ["a"], (intent and intent.owner) or "")
        await world.write(NEXT, 2, ["a"])
        world.shop.loses_answers = True

    world.shop.meanwhile = take_over
    zombie = await world.write(RUN, 1, ["a"])
    assert codes(zombie) == ["connection_lost"]
    world.shop.loses_answers = False
    calls = world.shop.calls["a"]
    repeated = await world.write(NEXT, 2, ["a"])
    assert repeated.settled[0] == {Outcome.SUCCESS: [0]}
    assert world.shop.calls["a"] == calls


async def test_an_older_version_that_comes_again_is_not_written_over_a_newer_one_in_doubt() -> None:
    world = World(ASKED)
    await world.write(RUN, 1, ["a"])
    world.shop.loses_answers = True
    assert codes(await world.write(NEXT, 2, ["a"])) == ["connection_lost"]
    world.shop.loses_answers = False
    await world.clock.advance(STOPPED)

    repeated = await world.write(RUN, 1, ["a"])
    assert repeated.settled[0] == {Outcome.SUCCESS: [0]}
    found = await world.write(NEXT, 2, ["a"])
    assert found.settled[0] == {Outcome.SUCCESS: [0]}
    assert world.shop.calls == {"a": 2}


async def test_what_a_look_finds_is_not_acknowledged_where_another_call_has_begun_since() -> None:
    world = World(ASKED)
    world.shop.loses_answers = True
    assert codes(await world.write(NEXT, 2, ["a"])) == ["connection_lost"]
    world.shop.loses_answers = False
    await world.clock.advance(STOPPED)

    async def replay() -> None:  # of a dead letter of an earlier run
        assert (await world.write(RUN, 1, ["a"])).settled[0] == {Outcome.SUCCESS: [0]}

    world.shop.meanwhile_looking = replay
    assert codes(await world.write(NEXT, 2, ["a"])) == [UNDER_WAY]
    assert (await world.write(NEXT, 2, ["a"])).settled[0] == {Outcome.SUCCESS: [0]}
    assert world.shop.holds["a"][1] == b'{"n":2}'


async def test_a_write_whose_answer_was_lost_is_looked_for_when_it_must_be_seen() -> None:
    world = World(ASKED)
    world.shop.loses_answers, world.shop.shown_after = True, 4.0
    assert codes(await world.write(RUN, 1, ["a"])) == ["connection_lost"]

    world.shop.loses_answers = False
    await world.clock.advance(2.0)
    (early,) = (await world.write(RUN, 1, ["a"])).failed[0].values()
    assert (early.code, early.retry_after) == (UNDER_WAY, 3.0)
    await world.clock.advance(early.retry_after or 0.0)
    found = await world.write(RUN, 1, ["a"])
    assert found.settled[0] == {Outcome.SUCCESS: [0]}
    assert world.shop.calls == {"a": 1}


async def test_the_ledger_is_asked_again_only_after_a_while_and_until_the_answer_is_young() -> None:
    clock = FakeClock()
    asked: list[float] = []

    async def confirm(source_ids: Sequence[str]) -> set[str]:
        asked.append(clock.monotonic())
        if len(asked) == 1:  # the process is stopped while it waits for the answer
            await clock.advance(STOPPED)
        return set(source_ids)

    fence = Fence(clock, 0.0, ["a"], confirm)
    await clock.advance(TRUSTED)
    await fence.check(["a"])
    assert asked == []
    await clock.advance(1.0)
    await fence.check(["a"])
    assert asked == [TRUSTED + 1.0, TRUSTED + 1.0 + STOPPED]
    await fence.check(["a"])
    assert len(asked) == 2


async def test_calls_side_by_side_ask_the_ledger_once_about_all_that_have_not_ended() -> None:
    clock = FakeClock()
    asked: list[set[str]] = []

    async def confirm(source_ids: Sequence[str]) -> set[str]:
        asked.append(set(source_ids))
        await asyncio.sleep(0)  # the others come to the fence meanwhile
        return {"a", "b", "d"}.intersection(source_ids)

    fence = Fence(clock, 0.0, ["a", "b", "c", "d"], confirm)
    await fence.check(["a"])
    fence.end(["a"])
    await clock.advance(TRUSTED + 1.0)
    calls = [asyncio.create_task(fence.check([record])) for record in "bcd"]
    await asyncio.wait(calls)
    assert [type(call.exception()) for call in calls] == [type(None), FailureError, type(None)]
    assert asked == [{"b", "c", "d"}]

    await clock.advance(TRUSTED + 1.0)
    with pytest.raises(FailureError):  # who has lost a record does not get it back
        await fence.check(["c", "d"])
    assert asked[1:] == [{"b", "d"}]


async def test_a_check_comes_last_before_each_call_to_a_system() -> None:
    limiter = Limits(cast(Database, None)).of(RUN.target, "default", 1, None)
    checks: list[str] = []

    async def check() -> None:
        checks.append("checked")

    await limiter.pace()
    with checked_before_calls(check):
        await limiter.pace()
        await limiter.pace()
    await limiter.pace()
    assert checks == ["checked"] * 2


@pytest.mark.parametrize("can", [CANNOT, UPSERTS], ids=["intents", "upserts"])
async def test_whose_partition_leaves_ends_the_call_under_way_and_begins_no_other(
    can: Capabilities,
) -> None:
    world, departure = World(can), asyncio.Event()
    note_departure_of(departure)

    async def leave() -> None:
        departure.set()

    world.shop.meanwhile = leave
    with pytest.raises(asyncio.CancelledError):
        await world.write(RUN, 1, ["a", "b", "c"])
    assert world.shop.calls == {"a": 1}

    departure.clear()
    others = await world.write(RUN, 1, ["a", "b", "c"])
    assert others.settled[0] == {Outcome.SUCCESS: [0, 1, 2]}
    assert world.shop.calls == {"a": 1, "b": 1, "c": 1}


async def test_whose_partition_leaves_waits_for_no_turn() -> None:
    world, departure = World(UPSERTS), asyncio.Event()
    note_departure_of(departure)
    limits = OneByOne()
    world.target = msgspec.structs.replace(world.target, limiter=limits, concurrent=3)

    async def leave() -> None:
        await eventually(lambda: limits.waiting == 2)
        departure.set()
        await eventually(lambda: limits.waiting == 0)

    world.shop.meanwhile = leave
    with pytest.raises(asyncio.CancelledError):
        await world.write(RUN, 1, ["a", "b", "c"])
    assert (world.shop.calls, limits.turns) == ({"a": 1}, 1)


async def test_whose_partition_leaves_looks_nothing_further_up() -> None:
    finds = msgspec.structs.replace(ASKED, lookup_first=True, lookup_size=1)
    world, departure = World(finds), asyncio.Event()
    note_departure_of(departure)

    async def leave() -> None:
        departure.set()

    world.shop.meanwhile_looking = leave
    with pytest.raises(asyncio.CancelledError):
        await world.write(RUN, 1, ["a", "b", "c"])
    assert (world.shop.looked, world.shop.calls) == (["a"], {})
