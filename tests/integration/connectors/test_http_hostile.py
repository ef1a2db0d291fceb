"""Execute's writing to an HTTP API that does its worst, held against what must be true.

No record is lost: each ends as written or failed. None is written twice. No success is guessed: a
record that counts as written is at the target as it was sent.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from syncline.connectors.http import HttpConnector
from syncline.connectors.http.client.api import Api
from syncline.connectors.http.client.login import LoginHeaders
from syncline.connectors.port import Surroundings
from syncline.contracts.run_ref import RunRef
from syncline.domain.mapping.document import Transformation
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.postgres.database.database import Database
from syncline.postgres.ledger.row_names import RowNames
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.runtime.clock import SystemClock
from syncline_execute.row_names import RowNaming
from syncline_execute.rules import items_of
from syncline_execute.targets import Target
from syncline_execute.work import Halts, Work
from syncline_execute.writer import Writer
from tests.support.hostile_api import HostileApi, Manners
from tests.support.limits import NoLimits
from tests.support.reports import one_batch
from tests.support.run_commands import ToldCommands

LOOKUP = {
    "endpoint": "/items",
    "parameters": {"skus": "{keys}"},
    "records": "data",
    "key": "sku",
    "id": "id",
}
SINGLE: dict[str, Any] = {
    "endpoint": "/items",
    "answer": {"id": "data.id"},
    "update": {"endpoint": "/items/{id}", "answer": {"id": "data.id"}, "recreate": True},
    "lookup": LOOKUP,
    "gone": [{"status": 200, "contains": "does not exist"}],
}
BULK: dict[str, Any] = {
    **SINGLE,
    "bulkSize": 5,
    "answer": {"records": "data", "id": "id", "key": "sku"},
    "update": {
        "endpoint": "/items",
        "bulkSize": 5,
        "idField": "id",
        "idIsNumber": True,
        "recreate": True,
        "answer": {"records": "data", "id": "id", "key": "id"},
    },
}
BLIND: dict[str, Any] = {k: v for k, v in SINGLE.items() if k != "lookup"}
HONOURED = {**BLIND, "honoursKeys": True}
ROUNDS = 40
SEEDS = int(os.environ.get("HOSTILE_SEEDS", "3"))


class CrashError(Exception):
    """The process dies here."""


class MortalLedger(Ledger):
    """A ledger whose process dies before or behind one of its writes."""

    def __init__(self, database: Database, random: Random, share: float) -> None:
        super().__init__(database)
        self.share = share
        self._random = random

    async def _deadly(self, call: Any) -> Any:
        if self._random.random() < self.share:
            call.close()
            raise CrashError
        done = await call
        if self._random.random() < self.share:
            raise CrashError
        return done

    async def intend(self, *args: Any) -> set[str]:
        return set(await self._deadly(super().intend(*args)))

    async def acknowledge(self, *args: Any) -> None:
        await self._deadly(super().acknowledge(*args))

    async def withdraw(self, *args: Any) -> None:
        await self._deadly(super().withdraw(*args))

    async def doubt(self, *args: Any, **named: Any) -> None:
        await self._deadly(super().doubt(*args, **named))


class World:
    """One API, one mapping, and the runs that write to it."""

    def __init__(self, database: Database, manners: Manners, options: dict[str, Any], seed: int):
        self.random = Random(seed)
        self.api = HostileApi(manners, self.random)
        self._database = database
        self._stream = seed
        self.ledger = MortalLedger(database, self.random, 0.05)
        self._options = options
        self._version = 0
        self._instance = str(uuid4())
        assert HttpConnector.target_problems(options) == []
        self.connector = HttpConnector(
            {"baseUrl": "https://api.example", "errors": {"inSuccess": "error"}}, {}, Surroundings()
        )
        settings = self.connector._api.settings
        self.connector._api = Api(settings, LoginHeaders(settings, {}, self.api), self.api)

    def _target(self) -> Target:
        return Target(
            connector=self.connector,
            capabilities=self.connector.capabilities_for(self._options),
            transformation=Transformation(match_key=("sku",), target=self._options),
            retry=RetryPolicy(),
            limiter=NoLimits(),
            concurrent=3,
        )

    async def run(self, records: dict[str, dict[str, Any]]) -> dict[str, str]:
        """Write records as one run does: what fails is tried again, what dies comes again.

        Returns:
            What became of each record: an outcome's code, or the code of its failure.
        """
        one = self._instance
        run = RunRef(str(uuid4()), "t", self._stream, one, "item", one, one, one, 1)
        self._version += 1
        open_, ended = dict(records), dict[str, str]()
        self.api.forgotten.clear()
        self.api.held.clear()
        attempts = dict.fromkeys(records, 0)
        for _ in range(ROUNDS):
            if not open_:
                return ended
            work = await self._written(run, open_)
            if work is not None:
                self._take(work, open_, ended, attempts)
            await self._time_passes()
        raise AssertionError(f"no end of {sorted(open_)}")

    async def _written(self, run: RunRef, records: dict[str, dict[str, Any]]) -> Work | None:
        rows = [dict(sorted(record.items())) for record in records.values()]
        batch = one_batch(
            run, 0, 0, list(range(len(rows))), list(records), rows, version=self._version
        )
        try:
            work = Work(Halts(), ToldCommands(), run.id)
            writer = Writer(self.ledger, RowNaming(RowNames(self._database)), SystemClock())
            await writer.write(run, self._target(), items_of([batch]), work)
        except CrashError:
            return None
        except BaseExceptionGroup as group:
            if group.split(CrashError)[1] is not None:
                raise
            return None
        return work

    def _take(
        self,
        work: Work,
        open_: dict[str, dict[str, Any]],
        ended: dict[str, str],
        attempts: dict[str, int],
    ) -> None:
        assert work.halt is None, work.halt
        names = list(open_)
        told = 0
        for outcome, places in work.settled[0].items():
            told += len(places)
            for place in places:
                if outcome is Outcome.SUCCESS:
                    self._check(open_[names[place]])
                ended[names[place]] = outcome.value
        for place, failure in work.failed[0].items():
            told += 1
            name = names[place]
            attempts[name] += not failure.retry_after
            if failure.category == "permanent" or attempts[name] > 3:
                ended[name] = failure.code
        assert told == len(names), "a record was lost"
        for name in ended:
            open_.pop(name, None)

    def _check(self, sent: dict[str, Any]) -> None:
        there = self.api.records(sent["sku"])
        if sent["sku"] in self.api.forgotten:
            there = [held for held in self.api.held if held["sku"] == sent["sku"]][-1:]
        assert there, f"{sent} counts as written and is not there"
        assert all(there[0].get(name) == value for name, value in sent.items()), (sent, there)

    async def _time_passes(self) -> None:
        await self._database.execute(
            "update ledger set intent_until = now() - interval '1 s' where stream_id = $1 "
            "and intent_until is not null",
            self._stream,
        )
        self.api.time_passes()
        self.none_twice()

    def none_twice(self) -> None:
        skus = [record["sku"] for record in self.api.items.values()]
        assert len(skus) == len(set(skus)), f"created twice: {sorted(skus)}"


def prices(random: Random, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    return {name: {"sku": f"S{name}", "price": random.choice([1, 2])} for name in names}


MANNERS = {
    "loses answers": (Manners(), SINGLE, set[str]()),
    "loses answers of bulks": (Manners(odd_bulks=True), BULK, set[str]()),
    "cuts look-ups": (Manners(page=2), SINGLE, set[str]()),
    "cuts look-ups of bulks": (Manners(page=3), BULK, set[str]()),
    "forgets": (Manners(forgets=0.3), SINGLE, set[str]()),
    "forgets, with 200": (Manners(forgets=0.3, gone_with_200=True), SINGLE, set[str]()),
    "forgets, bulks": (Manners(forgets=0.3), BULK, set[str]()),
    "ignores the question": (Manners(ignores_filter=True, page=4), SINGLE, {"lookup_incomplete"}),
    # A creation that was given up, and then another payload: its key is another one.
    "honours keys": (Manners(honours_keys=True), HONOURED, {"ambiguous_write"}),
    "cannot be asked": (Manners(), BLIND, {"ambiguous_write"}),
}


@pytest.mark.parametrize("name", MANNERS)
async def test_whatever_an_api_does(database: Database, name: str) -> None:
    manners, options, allowed = MANNERS[name]
    for seed in range(SEEDS):
        world = World(database, manners, options, seed + 1000 * list(MANNERS).index(name))
        if "lookup" in options:
            for number in range(0, 8, 3):
                world.api.add({"sku": f"S{number}", "price": 0})
        names = [str(number) for number in range(8)]
        codes = set[str]()
        for _ in range(3):  # A, B, and perhaps A again
            ended = await world.run(prices(world.random, names))
            codes |= {code for code in ended.values() if len(code) > 1}
        assert codes <= allowed | {"timeout", "connection_lost", "rate_limited"}, codes
        world.none_twice()


async def test_a_value_that_comes_back_is_written_again(database: Database) -> None:
    """An API that answers a known key from memory must see three writes as three."""
    world = World(database, Manners(trouble=0.0, honours_keys=True), SINGLE, 1)
    world.ledger.share = 0.0
    for price in (10, 12, 10):
        assert await world.run({"a": {"sku": "S", "price": price}}) == {"a": "S"}
        assert [record["price"] for record in world.api.records("S")] == [price]


async def test_all_attempts_of_one_write_share_its_key(database: Database) -> None:
    """So that an API which honours keys does it once, also where it cannot be asked."""
    world = World(database, Manners(honours_keys=True), HONOURED, 2)
    for number in range(6):
        ended = await world.run({"a": {"sku": "S", "price": number}})
        assert ended in ({"a": "S"}, {"a": "timeout"}, {"a": "connection_lost"})
        assert len(world.api.records("S")) <= 1


async def test_two_records_with_one_match_key_are_created_once_and_told_of(
    database: Database,
) -> None:
    world = World(database, Manners(trouble=0.0), SINGLE, 3)
    world.ledger.share = 0.0
    ended = await world.run(
        {name: {"sku": sku, "price": 1} for name, sku in (("a", "S"), ("b", "T"), ("c", "S"))}
    )
    assert ended == {"a": "S", "b": "S", "c": "match_key_twice"}
    assert len(world.api.records("S")) == 1
