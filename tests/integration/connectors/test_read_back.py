"""`verify`: what a target took and did not store is a failed record, and is not created twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from syncline.contracts.run_ref import RunRef, ref_of
from syncline.domain.ledger import NOT_KEPT
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.testing.clock import FakeClock
from syncline_execute.row_names import RowNaming
from syncline_execute.rules import items_of
from syncline_execute.targets import Target
from syncline_execute.work import Halts, Work
from syncline_execute.writer import Writer
from tests.support.eventually import eventually
from tests.support.limits import NoLimits
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import a_run
from tests.support.reports import one_batch
from tests.support.run_commands import ToldCommands
from tests.support.woocommerce_shop import Mishap
from tests.support.woocommerce_world import ShopWorld, shop_world

RUN = ref_of(a_run())
NEXT = msgspec.structs.replace(RUN, id="01a218f0-d9ad-7980-81d9-14cf848cf7d5")


class World:
    """A shop, the ledger, and processes that write to the shop."""

    def __init__(self, shop: ShopWorld, *, upserts: bool) -> None:
        self.clock = FakeClock()
        self.ledger = MemoryLedger(self.clock)
        self.shop = shop.shop
        self._world = shop
        self._upserts = upserts
        self.visible_after = 0.0

    async def write(
        self,
        *rows: dict[str, Any],
        verify: bool | tuple[str, ...] = True,
        run: RunRef = RUN,
        version: int = 1,
    ) -> Work:
        """Let a process that has just started write records of a run."""
        transformation = Transformation(
            match_key=("sku",), verify=verify, target={"entity": "item"}
        )
        can = self._world.connector.capabilities_for(transformation.target)
        can = msgspec.structs.replace(
            can,
            idempotent_upsert=self._upserts,
            visible_after=self.visible_after,
            longest_call=1.0,
        )
        target = Target(self._world.connector, can, transformation, RetryPolicy(), NoLimits(), 2)
        ids = [row["sku"] for row in rows]
        batch = one_batch(run, 0, 0, list(range(len(rows))), ids, list(rows), version=version)
        work = Work(Halts(), ToldCommands(), run.id)
        writer = Writer(self.ledger, RowNaming(self.ledger), self.clock)
        await writer.write(run, target, items_of([batch]), work)
        return work

    def prices(self) -> dict[str, str]:
        return {r["sku"]: r["regular_price"] for r in self.shop.rows["products"].values()}


@pytest.fixture(params=[True, False], ids=["upserts", "needs intents"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with shop_world() as shop:
        yield World(shop, upserts=request.param)


def good(*places: int) -> dict[int, dict[Outcome, list[int]]]:
    return {0: {Outcome.SUCCESS: list(places)}} if places else {}


def fields(work: Work) -> dict[int, tuple[str, str | None]]:
    return {place: (f.code, f.field) for place, f in sorted(work.failed[0].items())}


def row(sku: str, price: object) -> dict[str, Any]:
    return {"sku": sku, "regular_price": price}


async def test_a_value_that_was_stored_as_nothing_fails_its_record_alone(world: World) -> None:
    work = await world.write(row("A", "1"), row("B", "abc"), row("C", "3"))

    assert work.settled == good(0, 2)
    assert fields(work) == {1: ("not_kept", "regular_price")}
    assert world.prices() == {"A": "1", "B": "", "C": "3"}


async def test_it_is_one_look_up_for_the_bulk(world: World) -> None:
    await world.write(*(row(f"S{n}", "1") for n in range(40)))
    reads = [path for method, path in world.shop.asked if method == "GET"]

    assert len(reads) == 2  # before, as no ID is known, and behind it


async def test_nothing_is_looked_up_that_the_mapping_does_not_ask_for(world: World) -> None:
    work = await world.write(row("A", "abc"), verify=False)

    assert work.settled == good(0)
    assert len([path for method, path in world.shop.asked if method == "GET"]) == 1


async def test_only_the_fields_that_are_named_count(world: World) -> None:
    record = {"sku": "A", "regular_price": "1", "no_such": 5, "dimensions": {"length": "2"}}

    assert (await world.write(record, verify=("regular_price", "dimensions"))).settled == good(0)
    other = await world.write(record, verify=("no_such",), run=NEXT, version=2)
    assert other.failed[0] == {}  # it is not sent again: nothing has changed
    changed = record | {"regular_price": "2"}
    work = await world.write(changed, verify=("no_such",), run=NEXT, version=3)
    assert fields(work) == {0: ("not_kept", "no_such")}


async def test_a_repair_updates_and_creates_nothing_twice(world: World) -> None:
    await world.write(row("A", "abc"))
    (entry,) = (await world.ledger.entries(RUN.stream, ["A"])).values()
    assert entry.target_id in world.shop.rows["products"]
    assert (entry.payload_hash, entry.row_hash, entry.intent) == (NOT_KEPT, None, None)

    work = await world.write(row("A", "9"), run=NEXT, version=2)

    assert work.settled == good(0)
    assert world.prices() == {"A": "9"}
    assert world.shop.effects == {"A": 1}


@pytest.mark.parametrize("run", [RUN, NEXT])
async def test_the_same_again_fails_again_and_is_never_taken_for_written(
    world: World, run: RunRef
) -> None:
    """A replay, and a message that comes again because a process died before it told."""
    await world.write(row("A", "abc"))

    work = await world.write(row("A", "abc"), run=run)

    assert work.settled == good()
    assert fields(work) == {0: ("not_kept", "regular_price")}
    assert world.shop.effects == {"A": 1}


async def test_a_look_up_that_fails_leaves_the_record_in_doubt(world: World) -> None:
    """Then the next attempt verifies, whether it looks or sends again."""
    world.shop.mishaps.extend(
        [Mishap("GET", passes=True), Mishap("POST", passes=True), Mishap("GET", status=500)]
    )

    work = await world.write(row("A", "abc"))
    assert work.settled == good()
    assert [f.ambiguous for f in work.failed[0].values()] == [True]
    await world.clock.advance(60)
    again = await world.write(row("A", "abc"))

    assert fields(again) == {0: ("not_kept", "regular_price")}
    assert world.shop.effects == {"A": 1}


async def test_a_lost_answer_is_verified_as_well(world: World) -> None:
    world.shop.mishaps.append(Mishap("POST", applied=True))

    lost = await world.write(row("A", "abc"), row("B", "2"))
    assert [f.ambiguous for f in lost.failed[0].values()] == [True, True]
    await world.clock.advance(60)
    work = await world.write(row("A", "abc"), row("B", "2"))

    assert work.settled == good(1)
    assert fields(work) == {0: ("not_kept", "regular_price")}
    assert world.shop.effects == {"A": 1, "B": 1}


async def test_a_record_that_is_not_found_afterwards_has_failed(world: World) -> None:
    """A field that the key depends on: the shop moves it to the trash."""
    work = await world.write({"sku": "A", "status": "trash"}, {"sku": "B", "name": "b"})

    assert work.settled == good(1)
    assert fields(work) == {0: ("not_kept", None)}


async def test_a_target_that_shows_it_later_is_asked_again(world: World) -> None:
    world.visible_after = 5.0
    seen = Mishap("GET", passes=True)
    world.shop.mishaps.extend(
        [seen, Mishap("POST", passes=True), Mishap("GET", status=200, body=b"[]")]
    )

    writing = asyncio.create_task(world.write(row("A", "1")))
    await eventually(lambda: world.clock.sleepers == 1)
    await world.clock.advance(5)

    assert (await writing).settled == good(0)
