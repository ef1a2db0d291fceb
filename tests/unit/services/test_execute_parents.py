"""Execute: records whose parent the target does not have yet, at a real target (a SQLite file)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syncline.connectors.port import Surroundings
from syncline.connectors.sqlite import SqliteConnector
from syncline.contracts.bundle import Bundle
from syncline.contracts.messages import Retrying, Settled, Waiting
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.contracts.wire import Outbound
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.mapping.document import Transformation, TransformationField
from syncline.domain.retry import RetryPolicy
from syncline.postgres.runs.chains import Parents
from syncline.testing.clock import FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_execute.handler import ExecuteHandler
from syncline_execute.row_names import RowNaming
from syncline_execute.targets import Target
from syncline_execute.writer import Writer
from tests.support.limits import NoLimits
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import a_run
from tests.support.parents import KnownParents, execute_router
from tests.support.reports import codes_of
from tests.support.stage_messages import (
    a_batch,
    control_topic,
    dead_letters,
    read_bundle,
    reports,
    topics,
)

RUN = ref_of(a_run())
STOCK = Transformation(
    match_key=("sku",),
    fields=(
        TransformationField(source="sku", target="sku"),
        TransformationField(source="n", target="n"),
    ),
    target={"table": "stock"},
)


class Place:
    """A handler and a target that takes the stock of items that it has."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "t.db", isolation_level=None)
        self._database.execute("create table items (sku text primary key)")
        self._database.execute(
            "create table stock (sku text primary key references items (sku), n int)"
        )
        self.connector = SqliteConnector(
            {"file": str(folder / "t.db")}, {}, Surroundings(folders=(str(folder),))
        )
        self.clock = FakeClock()
        self.ledger = MemoryLedger(self.clock)
        self.known = KnownParents()
        self.known.parents = Parents(["item"])

    async def of(self, run: RunRef) -> Target:
        capabilities = self.connector.capabilities_for(STOCK.target)
        retry = RetryPolicy(0, 2.0, 32.0)
        return Target(self.connector, capabilities, STOCK, retry, NoLimits(), 2)

    async def handle(self, bundle: Bundle) -> list[Outbound]:
        handler = ExecuteHandler(
            self,
            Writer(self.ledger, RowNaming(self.ledger), self.clock),
            await control_topic(),
            execute_router(known=self.known),
            self.clock,
            MemoryBroker().producer(),
        )
        return await handler.handle([bundle])

    def add_item(self, sku: str) -> None:
        self._database.execute("insert into items values (?)", (sku,))

    def stock(self) -> list[tuple[str, int]]:
        return self._database.execute("select sku, n from stock order by sku").fetchall()

    def bundle(self) -> Bundle:
        """Return the stock of two items, read now."""
        version = int(self.clock.now().timestamp() * 1_000_000)
        return a_batch(RUN, {"sku": "A", "n": 1}, {"sku": "B", "n": 2}, version=version)

    def close(self) -> None:
        self._database.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    opened = Place(tmp_path)
    yield opened
    opened.close()


def waiting(messages: list[Outbound]) -> Bundle:
    """Return what waits on a retry topic; nothing else came of its records."""
    assert [r for r in reports(messages) if isinstance(r, Retrying)] == []
    assert dead_letters(messages) == []
    (message,) = [m for m in messages if m.topic.startswith("retry.")]
    return read_bundle(message)


async def test_a_record_waits_for_its_parent_and_goes_on_when_it_has_come(place: Place) -> None:
    place.add_item("A")
    messages = await place.handle(place.bundle())
    assert [codes_of(r) for r in reports(messages) if isinstance(r, Settled)] == ["S"]
    (told,) = [r for r in reports(messages) if isinstance(r, Waiting)]
    assert told.records == 1
    assert told.reason.startswith("waits for its parent at the target: SQLite: FOREIGN KEY")
    rest = waiting(messages)
    for _ in range(10):  # more often than its profile would try it again
        await place.clock.advance(60)
        rest = waiting(await place.handle(rest))
    assert (rest.ids, rest.attempt) == (["A1"], 1)
    place.add_item("B")
    again = await place.handle(rest)
    assert [codes_of(r) for r in reports(again)] == ["S"]
    assert place.stock() == [("A", 1), ("B", 2)]


async def test_it_waits_for_the_time_set_and_then_says_what_to_do(place: Place) -> None:
    bundle = place.bundle()
    await place.clock.advance(901)
    given_up = dead_letters(await place.handle(bundle))
    assert [letter.failure.code for letter in given_up] == [PARENT_MISSING] * 2
    words = "its parent is not at the target 15 min after it was read; sync item, then replay it"
    assert given_up[0].failure.message.startswith(f"{words}: SQLite: FOREIGN KEY")


async def test_it_waits_on_while_a_run_of_its_parents_goes_on_that_began_in_time(
    place: Place,
) -> None:
    bundle, begun = place.bundle(), place.clock.now()
    await place.clock.advance(5000)
    place.known.parents = Parents(["item"], begun + timedelta(seconds=899))
    waiting(await place.handle(bundle))
    place.known.parents = Parents(["item"], begun + timedelta(seconds=901))
    assert len(dead_letters(await place.handle(bundle))) == 2


async def test_without_an_order_it_waits_for_nothing(place: Place) -> None:
    place.known.parents = Parents()
    messages = await place.handle(place.bundle())
    assert set(topics(messages)) == {"dlq"}
    assert dead_letters(messages)[0].failure.message.startswith(
        "its parent is not at the target: sync that first, then replay it"
    )
