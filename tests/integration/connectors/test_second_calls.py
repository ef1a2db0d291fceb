"""Records that are written in two calls: what dies or is lost in between brings nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.http.answers.answer import Answer
from syncline.connectors.http.client.client import Request
from syncline.contracts.run_ref import ref_of
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.testing.clock import FakeClock
from syncline.testing.http_api import Trouble
from syncline_execute.row_names import RowNaming
from syncline_execute.rules import items_of
from syncline_execute.targets import Target
from syncline_execute.work import Halts, Work
from syncline_execute.writer import Writer
from tests.support.graphql_shop import GraphqlShop, graphql_shop
from tests.support.limits import NoLimits
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import a_run
from tests.support.reports import one_batch
from tests.support.run_commands import ToldCommands

CREATE = """mutation ($input: ProductInput!) {
  createProduct(input: $input) { product { id } userErrors { field message code } } }"""
UPDATE = """mutation ($id: ID!, $input: ProductInput!) {
  updateProduct(id: $id, input: $input) { product { id } userErrors { field message } } }"""
VARIANTS = """mutation ($id: ID!, $variants: [VariantInput!]!) {
  createVariants(productId: $id, variants: $variants) { userErrors { field message } } }"""
FOUND = """query ($skus: [String!]!) { bySku(skus: $skus) {
  nodes { id sku price variants { color } } pageInfo { hasNextPage } } }"""
LATER: dict[str, Any] = {
    "endpoint": "/graphql", "query": VARIANTS, "field": "variants",
    "variables": {"id": "{id}", "variants": "{record}"},
}  # fmt: skip
THEN: dict[str, Any] = {**LATER, "present": "variants"}
TARGET: dict[str, Any] = {
    "endpoint": "/graphql", "query": CREATE, "variables": {"input": "{record}"},
    "answer": {"id": "data.createProduct.product.id"},
    "then": THEN,
    "update": {
        "endpoint": "/graphql", "query": UPDATE, "variables": {"id": "{id}", "input": "{record}"},
    },
    "lookup": {
        "endpoint": "/graphql", "query": FOUND, "variables": {"skus": "{keys}"},
        "records": "data.bySku.nodes", "key": "sku", "id": "id", "complete": True,
    },
}  # fmt: skip
CALLS = 5
"""Of a first load of two records: one look-up, and two for each."""


class CrashError(BaseException):
    """The process ends here."""


class Crash:
    """The connector's client, whose process dies before or behind one of its calls."""

    def __init__(self, connector: HttpConnector, number: int, *, sent: bool) -> None:
        self._inner = connector._api._client
        self._left = number
        self._sent = sent
        connector._api._client = self

    async def send(self, request: Request) -> Answer:
        self._left -= 1
        if self._left == 0 and not self._sent:
            raise CrashError
        answer = await self._inner.send(request)
        if self._left == 0:
            raise CrashError
        return answer


class World:
    """A shop, and processes that write two products with their variants to it."""

    def __init__(self, shop: GraphqlShop, connector: HttpConnector) -> None:
        self.shop = shop
        self.connector = connector
        self.clock = FakeClock()
        self.ledger = MemoryLedger(self.clock)
        self.failures: list[Failure] = []
        self.version = 0

    async def run(
        self, *, options: Mapping[str, Any] = TARGET, on_create: tuple[str, ...] = ("variants",),
        price: int = 1, colors: str = "red blue",
    ) -> None:  # fmt: skip
        """Write the products as one run does: what does not end is tried again later."""
        self.version += 1
        run = msgspec.structs.replace(
            ref_of(a_run()), id=f"01a218f0-d9ad-7980-81d9-{self.version:012}"
        )
        variants = [{"color": color} for color in colors.split()]
        rows = [{"price": price, "sku": f"A{n}", "variants": variants} for n in range(2)]
        assert self.connector.target_problems(options) == []
        target = Target(
            self.connector, self.connector.capabilities_for(options),
            Transformation(match_key=("sku",), target=dict(options), on_create=on_create),
            RetryPolicy(), NoLimits(), 1,
        )  # fmt: skip
        for _ in range(6):
            work = Work(Halts(), ToldCommands(), run.id)
            batch = one_batch(run, 0, 0, [0, 1], ["s0", "s1"], rows, version=self.version)
            writer = Writer(self.ledger, RowNaming(self.ledger), self.clock)
            try:
                items = items_of([batch], on_create=on_create)
                await writer.write(run, target, items, work)
            except* CrashError:
                pass  # it comes again
            else:
                self.failures = list(work.failed[0].values())
                ended = [f for f in self.failures if f.category is Category.PERMANENT]
                if sum(map(len, work.settled[0].values())) + len(ended) == 2:
                    return
            await self.clock.advance(300)
        raise AssertionError(f"no end: {self.failures}")

    def colors(self) -> list[tuple[str, float, list[str]]]:
        """Return what the shop has."""
        return sorted(
            (p["sku"], p["price"], [variant["color"] for variant in p["variants"]])
            for p in self.shop.items.values()
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with graphql_shop() as (shop, connector):
        yield World(shop, connector)


def once(world: World) -> bool:
    """Tell whether nothing was created twice."""
    return max(n for what, n in world.shop.effects.items() if not what.startswith("update")) == 1


async def test_the_second_call_takes_the_first_ones_id(world: World) -> None:
    await world.run()

    assert len(world.shop.asked) == CALLS
    assert dict(world.shop.effects) == {
        "create A0": 1, "variants 1": 1, "create A1": 1, "variants 2": 1,
    }  # fmt: skip
    first = msgspec.json.decode(world.shop.asked[1].body)["variables"]["input"]
    assert first == {"price": 1, "sku": "A0"}


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
async def test_a_process_that_dies_between_them_creates_nothing_twice(
    world: World, number: int, sent: bool
) -> None:
    Crash(world.connector, number, sent=sent)
    await world.run()

    assert world.colors() == [("A0", 1, ["red", "blue"]), ("A1", 1, ["red", "blue"])]
    assert once(world)
    assert world.failures == []


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("number", range(CALLS))
async def test_a_lost_answer_creates_nothing_twice(
    world: World, number: int, applied: bool
) -> None:
    world.shop.trouble.extend([Trouble(proper=True)] * number + [Trouble(applied=applied)])
    await world.run()

    assert world.colors() == [("A0", 1, ["red", "blue"]), ("A1", 1, ["red", "blue"])]
    assert once(world)


async def test_an_update_leaves_what_only_a_creation_sends(world: World) -> None:
    await world.run()
    await world.run(price=2, colors="green")

    assert world.colors() == [("A0", 2, ["red", "blue"]), ("A1", 2, ["red", "blue"])]
    assert once(world)
    asked = len(world.shop.asked)
    await world.run(price=2, colors="black")  # a change of it alone is none
    assert len(world.shop.asked) == asked


async def test_an_update_may_have_a_second_call_of_its_own(world: World) -> None:
    options = {**TARGET, "update": {**TARGET["update"], "then": LATER}}
    await world.run(options=options, on_create=())
    await world.run(options=options, on_create=(), colors="green")

    assert world.colors()[0] == ("A0", 1, ["red", "blue", "green"])  # this shop adds them
    assert world.shop.effects["update 1"] == world.shop.effects["create A0"] == 1


async def test_what_the_second_call_refuses_is_made_up_for_when_it_is_mended(world: World) -> None:
    await world.run(colors="none")
    assert [(f.category, f.ambiguous) for f in world.failures] == [(Category.PERMANENT, True)] * 2
    assert "the record is at the target (1), its variants may not be" in world.failures[0].message
    assert "variants.0.color: is no color" in world.failures[0].message

    await world.clock.advance(300)
    await world.run(colors="red blue")
    assert world.colors() == [("A0", 1, ["red", "blue"]), ("A1", 1, ["red", "blue"])]
    assert once(world)


async def test_a_right_that_only_the_second_call_needs_stops_the_run(world: World) -> None:
    body = msgspec.json.encode({"error": "no right to write variants"})
    world.shop.trouble.extend(
        [Trouble(proper=True), Trouble(proper=True), Trouble(status=403, body=body)]
    )
    work = await _one_write(world)
    assert work.halt is not None
    assert "no right to write variants" in work.halt.message
    assert dict(world.shop.effects) == {"create A0": 1}  # the other product is not begun


async def _one_write(world: World) -> Work:
    run = ref_of(a_run())
    target = Target(
        world.connector, world.connector.capabilities_for(TARGET),
        Transformation(match_key=("sku",), target=TARGET, on_create=("variants",)),
        RetryPolicy(), NoLimits(), 1,
    )  # fmt: skip
    work = Work(Halts(), ToldCommands(), run.id)
    rows = [{"sku": f"A{n}", "variants": [{"color": "red"}]} for n in range(2)]
    batch = one_batch(run, 0, 0, [0, 1], ["s0", "s1"], rows, version=1)
    writer = Writer(world.ledger, RowNaming(world.ledger), world.clock)
    await writer.write(run, target, items_of([batch], on_create=["variants"]), work)
    return work


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"lookup": None}, "lookup"),
        ({"update": None}, "update"),
        ({"answer": {}}, "answer.id"),
        ({"idempotent": True}, "idempotent"),
        ({"then": {**THEN, "bulkSize": 5}}, "then.bulkSize"),
        ({"then": LATER}, "then.present"),
        ({"then": {**THEN, "variables": {"variants": "{record}", "id": "1"}}}, "then.variables"),
        ({"then": None, "update": {**TARGET["update"], "then": LATER}}, "then"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_named(changes: dict[str, Any], path: str) -> None:
    problems = HttpConnector.target_problems({**TARGET, **changes})
    assert f"$.transformation.target.{path}" in [problem.path for problem in problems]


def test_a_field_that_no_update_sends_is_one_of_creations_alone() -> None:
    assert HttpConnector.on_create_problem(TARGET, ["variants"]) is None
    assert "must hold variants" in (HttpConnector.on_create_problem(TARGET, []) or "")
