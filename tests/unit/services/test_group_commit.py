"""Acknowledgements that come while others are being stored: stored together, each told its end."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from syncline.contracts.run_ref import RunRef, ref_of
from syncline.domain.errors import RetriableError
from syncline.domain.ledger import Acknowledgements
from syncline.testing.clock import FakeClock
from syncline_execute.group_commit import MOST, GroupCommit
from tests.support.faults import CrashError, crash_after, fail_once
from tests.support.memory_ledger import MemoryLedger
from tests.support.memory_runs import a_run

RUN = ref_of(a_run())
OTHER = msgspec.structs.replace(RUN, id="01a218f0-d9ad-7980-81d9-14cf848cf7d5", stream=2)
HASH = "0" * 32
OWNER = "0d6a3a0e-5f2e-4b57-9c39-0c8d6f1b2a01"


class SlowLedger(MemoryLedger):
    """Notes what each statement stores; each waits until it may go on."""

    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.stored: list[list[str]] = []
        self.may_go_on = asyncio.Event()

    async def acknowledge(self, run: RunRef, written: Acknowledgements) -> None:
        self.stored.append(written.source_ids)
        await self.may_go_on.wait()
        await super().acknowledge(run, written)


def written(*ids: str, version: int = 1, owner: str | None = None) -> Acknowledgements:
    n = len(ids)
    owners: list[str | None] = [owner] * n if owner else []
    return Acknowledgements(list(ids), [HASH] * n, [None] * n, [None] * n, [version] * n, owners)


@pytest.fixture
def ledger() -> SlowLedger:
    return SlowLedger()


async def begun(commits: GroupCommit, *several: Acknowledgements) -> list[asyncio.Task[None]]:
    """Let calls acknowledge, one after the other, until each waits."""
    tasks = []
    for one in several:
        tasks.append(asyncio.create_task(commits.acknowledge(RUN, one)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_meanwhile_is_stored_together(ledger: SlowLedger) -> None:
    tasks = await begun(
        GroupCommit(ledger), written("a"), written("b"), written("c", owner=OWNER), written("d")
    )
    assert ledger.stored == [["a"]]
    assert not any(task.done() for task in tasks)
    ledger.may_go_on.set()
    await asyncio.wait(tasks)
    assert ledger.stored == [["a"], ["b", "c", "d"]]
    assert set(await ledger.entries(RUN.stream, ["a", "b", "c", "d"])) == {"a", "b", "c", "d"}


async def test_a_record_is_in_a_statement_once_and_keeps_its_newest_version(
    ledger: SlowLedger,
) -> None:
    some = (written("x"), written("b"), written("b", version=2), written("c"))
    tasks = await begun(GroupCommit(ledger), *some)
    ledger.may_go_on.set()
    await asyncio.wait(tasks)
    assert ledger.stored == [["x"], ["b"], ["b", "c"]]
    assert (await ledger.entries(RUN.stream, ["b"]))["b"].version == 2


async def test_a_statement_does_not_grow_without_end(ledger: SlowLedger) -> None:
    half = MOST // 2 + 1
    many = [written(*(f"{name}{i}" for i in range(half))) for name in "abc"]
    tasks = await begun(GroupCommit(ledger), *many)
    ledger.may_go_on.set()
    await asyncio.wait(tasks)
    assert list(map(len, ledger.stored)) == [half, half, half]


async def test_runs_do_not_wait_for_each_other(ledger: SlowLedger) -> None:
    commits = GroupCommit(ledger)
    tasks = await begun(commits, written("a"))
    tasks.append(asyncio.create_task(commits.acknowledge(OTHER, written("a"))))
    await asyncio.sleep(0)
    assert ledger.stored == [["a"], ["a"]]
    ledger.may_go_on.set()
    await asyncio.wait(tasks)


async def test_an_outage_is_told_to_every_call_of_the_statement(ledger: SlowLedger) -> None:
    commits = GroupCommit(ledger)
    tasks = await begun(commits, written("a"), written("b"), written("c"))
    fail_once(ledger, "acknowledge", RetriableError("away", code="database_unavailable"))
    ledger.may_go_on.set()
    await asyncio.wait(tasks)
    assert [type(task.exception()) for task in tasks] == [
        type(None),
        RetriableError,
        RetriableError,
    ]
    await commits.acknowledge(RUN, written("b"))
    assert set(await ledger.entries(RUN.stream, ["a", "b", "c"])) == {"a", "b"}


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_call_that_is_cut_off_leaves_the_others_to_be_stored(
    ledger: SlowLedger, number: int
) -> None:
    tasks = await begun(GroupCommit(ledger), written("a"), written("b"), written("c"))
    tasks[number].cancel()
    await asyncio.sleep(0)
    ledger.may_go_on.set()
    await asyncio.wait(tasks)
    others = [task for task in tasks if task is not tasks[number]]
    assert [task.exception() for task in others] == [None, None]
    left = {name for name, task in zip("abc", tasks, strict=True) if task in others}
    assert left <= set(await ledger.entries(RUN.stream, ["a", "b", "c"]))


async def test_a_call_that_is_cut_off_while_it_stores_is_followed_by_the_next(
    ledger: SlowLedger,
) -> None:
    tasks = await begun(GroupCommit(ledger), written("a"), written("b"), written("c"))
    tasks[0].cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert ledger.stored == [["a"], ["b", "c"]]
    tasks[1].cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    ledger.may_go_on.set()
    await tasks[2]
    assert ledger.stored[2:] == [["b", "c"]]


async def test_a_crash_behind_the_statement_is_followed_by_the_same_again(
    ledger: SlowLedger,
) -> None:
    commits = GroupCommit(ledger)
    ledger.may_go_on.set()
    crash_after(ledger, "acknowledge")
    with pytest.raises(CrashError):
        await commits.acknowledge(RUN, written("a"))
    await commits.acknowledge(RUN, written("a"))
    assert set(await ledger.entries(RUN.stream, ["a"])) == {"a"}
