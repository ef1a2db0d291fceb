"""Nothing lost, nothing twice: every service dies and every server restarts during a big run."""

from __future__ import annotations

import os
import secrets
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
import pytest

from syncline.domain.run import Run, State
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.runs.auditor import audit
from tests.support.chaos.fault_table import FaultRow
from tests.support.chaos.progress import records_done
from tests.support.chaos.world import World, names_of, world
from tests.support.eventually import eventually
from tests.support.installation import SERVICES
from tests.support.numbered import NumberedApi, configure, differences

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
    "small-api": Plan(4_000, 1, http=True, trouble=0.03),
    "full-table": Plan(100_000, 2),
    "full-api": Plan(100_000, 2, http=True),
    "full-two-of-each": Plan(100_000, 2, copies=2),
    "full-retries": Plan(100_000, 2, copies=2, http=True, trouble=0.02),
}


def victims(plan: Plan, random: Random) -> list[str]:
    """Choose who dies in which order: every service in each round, and the servers once."""
    names = [name for service in SERVICES for name in names_of(service, plan.copies)]
    rounds = [random.sample(names, len(names)) for _ in range(plan.kills)]
    order = [name for each in rounds for name in each]
    for server in (BROKER, POSTGRES):
        order.insert(random.randrange(1, len(order)), server)
    return order


def rate(plan: Plan) -> float:
    """Return calls a second to the target that make the run outlast every strike."""
    calls = plan.records / (API_CALL if plan.http else TABLE_CALL)
    strikes = plan.kills * plan.copies * len(SERVICES) + 2
    return calls / (strikes * PATIENCE + RESTARTS)


async def strike(at: World, victim: str) -> None:
    """Kill a process and start it again, or restart a server cleanly."""
    if victim == BROKER:
        await at.kafka.end()
        await at.kafka.start()
    elif victim == POSTGRES:
        await at.postgres.end()
        await at.postgres.start()
    else:
        await at.place.stop(victim, signal.SIGKILL)
        await at.place.start(victim.partition("-")[0], victim)


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what happened when, for whoever looks for the cause


@pytest.mark.chaos
@pytest.mark.parametrize("name", PLANS)
async def test_nothing_is_lost_and_nothing_happens_twice(
    name: str, tmp_path: Path, rows: list[FaultRow]
) -> None:
    plan = PLANS[name]
    seed = int(os.environ.get("SYNCLINE_CHAOS_SEED") or secrets.randbelow(10**6))
    say(f"SYNCLINE_CHAOS_SEED={seed}, logs in {tmp_path}")
    api = NumberedApi(seed) if plan.http else None
    async with world(tmp_path) as at:
        await at.start(SERVICES, plan.copies)
        if api is not None:
            await api.start()
            api.trouble_rate = plan.trouble
        async with open_database(at.postgres.dsn(), size=2) as database:
            await configure(
                database, at.postgres.dsn(), at.place.environment["SYNCLINE_SECRET_KEYS"],
                plan.records, rate(plan), api,
            )  # fmt: skip
            run_id = await at.place.trigger(instance="numbers", entityType="item", batchSize=BATCH)
            order = victims(plan, Random(seed))
            await strike_all(at, database, run_id, plan, order)
            run = await at.place.ended(run_id, within=WITHIN)
            row = await counted(plan, run, database, api)
            rows.append(row._replace(fault=f"{name}: all in turn", times=len(order)))
            assert (row.lost, row.doubled, row.end) == (0, 0, State.SUCCEEDED)
            assert run.counters.success == run.counters.total == plan.records
            assert run.failure is None
            assert await audit(database) == []
        if api is not None:
            await api.close()
            assert api.troubled > 0 or not plan.trouble


async def counted(plan: Plan, run: Run, database: Database, api: NumberedApi | None) -> FaultRow:
    """Count what the target lacks and what it has twice."""
    if api is None:
        lost, doubled = await differences(database), 0
    else:
        copies = Counter(int(item["sku"]) for item in api.items.values())
        lost = sum(copies[n] == 0 for n in range(1, plan.records + 1))
        doubled = sum(count > 1 for count in (*copies.values(), *api.applied.values()))
    return FaultRow("", 0, plan.records, lost, doubled, None, run.state)


async def strike_all(
    at: World, database: Database, run_id: str, plan: Plan, order: list[str]
) -> None:
    """Strike again and again during the first half of the run."""
    for number, victim in enumerate(order):
        due = plan.records * number // (2 * len(order))

        async def is_due(due: int = due) -> bool:
            return (await records_done(database, run_id) or 0) >= due

        with suppress(AssertionError):
            await eventually(is_due, within=PATIENCE)
        before = await records_done(database, run_id) or 0
        say(f"{before:>7} records done: {victim}")
        assert before < plan.records, "the run was over before everything had been struck"
        await strike(at, victim)
