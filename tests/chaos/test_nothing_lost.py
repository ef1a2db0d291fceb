"""Nothing lost, nothing twice: every service dies and every server restarts during a big run."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

import msgspec
import pytest

from syncline.domain.errors import NotFoundError, RetriableError
from syncline.domain.run import Run, State
from syncline.embedded.kafka import EmbeddedKafka
from syncline.embedded.postgres import EmbeddedPostgres
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.database.migration import migrate
from syncline.postgres.runs.auditor import audit
from syncline.postgres.runs.runs import Runs
from tests.support.eventually import eventually
from tests.support.folders import server_folder
from tests.support.installation import SERVICES, Installation, installation
from tests.support.kafka import KafkaPlace
from tests.support.numbered import NumberedApi, configure, differences
from tests.support.ports import free_port

BROKER, POSTGRES = "the broker", "PostgreSQL"
PATIENCE = 4.0
"""Seconds that the next strike waits for progress; a kill during a recovery is welcome."""
RESTARTS = 15.0
"""Seconds in which both servers have restarted."""
BATCH, TABLE_CALL, API_CALL = 50, 32 * 50, 20
"""Records in a batch, and at most in one call."""
WITHIN = 900.0
"""Seconds; far more than needed, so that only standing still fails."""


class Plan(msgspec.Struct, frozen=True):
    """What happens.

    Attributes:
        kills: of each service, in the first half of the run.
        copies: processes of each service.
        http: write to an API that cannot dedupe, instead of a table.
        trouble: share of its writes that fail or lose their answer.
    """

    records: int
    kills: int
    copies: int = 1
    http: bool = False
    trouble: float = 0.0


PLANS = {
    "short-table": Plan(20_000, 1),
    "short-api": Plan(4_000, 1, http=True, trouble=0.03),
    "full-table": Plan(100_000, 2),
    "full-api": Plan(100_000, 2, http=True),
    "full-two-of-each": Plan(100_000, 2, copies=2),
    "full-retries": Plan(100_000, 2, copies=2, http=True, trouble=0.02),
}


class World:
    """Servers and services of one test, and what is done to them."""

    def __init__(
        self, plan: Plan, kafka: EmbeddedKafka, postgres: EmbeddedPostgres, place: Installation
    ) -> None:
        self.plan = plan
        self.kafka = kafka
        self.postgres = postgres
        self.place = place

    async def strike(self, victim: str) -> None:
        """Kill a process and start it again, or restart a server cleanly."""
        if victim == BROKER:
            await self.kafka.stop()
            await self.kafka.start()
        elif victim == POSTGRES:
            await self.postgres.stop()
            await self.postgres.start()
        else:
            await self.place.stop(victim, signal.SIGKILL)
            await self.place.start(victim.partition("-")[0], victim)

    def victims(self, random: Random) -> list[str]:
        """Choose who dies in which order: every service in each round, and the servers once."""
        names = [_name(s, n) for s in SERVICES for n in range(self.plan.copies)]
        rounds = [random.sample(names, len(names)) for _ in range(self.plan.kills)]
        order = [name for each in rounds for name in each]
        for server in (BROKER, POSTGRES):
            order.insert(random.randrange(1, len(order)), server)
        return order

    def rate(self) -> float:
        """Return calls a second to the target that make the run outlast every strike."""
        calls = self.plan.records / (API_CALL if self.plan.http else TABLE_CALL)
        strikes = self.plan.kills * self.plan.copies * len(SERVICES) + 2
        return calls / (strikes * PATIENCE + RESTARTS)


def _name(service: str, copy: int) -> str:
    return f"{service}-{copy + 1}" if copy else service


@asynccontextmanager
async def world(plan: Plan, logs: Path) -> AsyncIterator[World]:
    async with (
        server_folder("kafka") as kafka_folder,
        server_folder("postgres") as postgres_folder,
        EmbeddedKafka(kafka_folder, free_port(), heap="384m") as kafka,
        EmbeddedPostgres(postgres_folder, free_port()) as postgres,
    ):
        await migrate(postgres.dsn())
        where = KafkaPlace(kafka.bootstrap, "chaos.")
        async with installation(where, postgres.dsn(), logs) as place:
            for service in SERVICES:
                for copy in range(1, plan.copies):
                    await place.start(service, _name(service, copy))
            await place.ready()
            yield World(plan, kafka, postgres, place)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what happened when, for whoever looks for the cause


async def done(database: Database, run_id: str) -> int:
    """Count the records of a run that have an outcome; 0 while nobody can tell."""
    try:
        run = await Runs(database).get("default", run_id)
    except (RetriableError, NotFoundError):
        return 0
    return run.counters.done


@pytest.mark.chaos
@pytest.mark.parametrize("name", PLANS)
async def test_nothing_is_lost_and_nothing_happens_twice(name: str, tmp_path: Path) -> None:
    plan = PLANS[name]
    seed = int(os.environ.get("SYNCLINE_CHAOS_SEED") or secrets.randbelow(10**6))
    say(f"SYNCLINE_CHAOS_SEED={seed}, logs in {tmp_path}")
    random = Random(seed)
    api = NumberedApi(seed) if plan.http else None
    async with world(plan, tmp_path) as at:
        if api is not None:
            await api.start()
            api.trouble_rate = plan.trouble
        async with open_database(at.postgres.dsn(), size=2) as database:
            await configure(
                database, at.postgres.dsn(), at.place.environment["SYNCLINE_SECRET_KEYS"],
                plan.records, at.rate(), api,
            )  # fmt: skip
            run_id = await at.place.trigger(instance="numbers", entityType="item", batchSize=BATCH)
            await strike_all(at, database, run_id, random)
            run = await at.place.ended(run_id, within=WITHIN)
            await verify(plan, run, database, api)
        if api is not None:
            await api.close()


async def verify(plan: Plan, run: Run, database: Database, api: NumberedApi | None) -> None:
    """Check that the run, the books and the target tell the same."""
    assert run.failure is None
    counters = run.counters
    assert (run.state, counters.total, counters.success) == (
        State.SUCCEEDED, plan.records, plan.records,
    )  # fmt: skip
    assert await audit(database) == []
    if api is None:
        assert await differences(database) == 0
    else:
        copies = sorted(int(item["sku"]) for item in api.items.values())
        assert copies == list(range(1, plan.records + 1))
        assert [key for key, count in api.applied.items() if count > 1] == []


async def strike_all(at: World, database: Database, run_id: str, random: Random) -> None:
    """Strike again and again during the first half of the run."""
    victims = at.victims(random)
    for number, victim in enumerate(victims):
        due = at.plan.records * number // (2 * len(victims))

        async def is_due(due: int = due) -> bool:
            return await done(database, run_id) >= due

        with suppress(AssertionError):
            await eventually(is_due, within=PATIENCE)
        before = await done(database, run_id)
        say(f"{before:>7} records done: {victim}")
        assert before < at.plan.records, "the run was over before everything had been struck"
        await at.strike(victim)
