"""Whose a call slot is while its process is killed, stands still, or loses the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import copy_context
from uuid import uuid4

import pytest

from syncline.postgres.database.database import Database, open_database
from syncline.postgres.limits import call_slots
from syncline.postgres.limits.call_slots import UNRENEWED, ProfileSlots, process_id, session_name
from syncline.postgres.limits.leases import Limits, ProfileLimiter
from tests.support.eventually import eventually

PROFILE, TENANT = str(uuid4()), "default"
_TAKEN = "select count(*) from profile_slots where slot > 0 and until > now()"
_AGE = "update profile_slots set renewed_at = now() - make_interval(secs => $1)"
_SESSIONS = "select count(*) from pg_stat_activity where application_name = $1"


class Process:
    """A process with one slot of a profile that has one."""

    def __init__(self, database: Database, process: str) -> None:
        self.limits = Limits(database, process)
        self.limiter: ProfileLimiter = self.limits.of(PROFILE, TENANT, 1, None)
        self.id = process
        self._database = database

    def slots(self) -> ProfileSlots:
        """Return what it has of the profile where that has two slots."""
        return self.limits.of(PROFILE, TENANT, 2, None)._slots

    def call(self) -> AbstractAsyncContextManager[None]:
        return self.limiter.call()

    async def free_of_ended(self) -> None:
        await call_slots.free_slots_of_ended(self._database, self.id)


@asynccontextmanager
async def process(dsn: str, name: str | None = None) -> AsyncIterator[Process]:
    """Begin a process; the block's end kills it: its sessions end, and it gives nothing back."""
    own = process_id(name)
    async with open_database(dsn, size=1, name=session_name(own)) as database:
        yield Process(database, own)


async def sessions_end(database: Database, killed: Process) -> None:
    name = session_name(killed.id)
    await eventually(lambda: _has_none(database, name))


async def _has_none(database: Database, name: str) -> bool:
    count: int = await database.fetchval(_SESSIONS, name)
    return count == 0


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes count as connected for long enough at once."""
    monkeypatch.setattr(call_slots, "CONNECTED", 0.0)


async def killed_in_a_call(dsn: str, database: Database, name: str | None = None) -> None:
    """Let a process be killed while it has a call in hand, and some time pass."""
    async with process(dsn, name) as dead:
        await dead.call().__aenter__()
    await sessions_end(database, dead)
    await database.execute(_AGE, UNRENEWED + 1)


@pytest.mark.usefixtures("connected")
async def test_slots_of_a_killed_process_are_free_long_before_their_lease_ends(
    postgres: str, database: Database
) -> None:
    await killed_in_a_call(postgres, database)
    assert await database.fetchval(_TAKEN) == 1

    async with process(postgres) as other:
        await other.free_of_ended()
        assert await database.fetchval(_TAKEN) == 0
        async with other.call():
            pass


@pytest.mark.usefixtures("connected")
async def test_slots_of_a_process_that_stands_still_stay_its_own(
    postgres: str, database: Database
) -> None:
    async with process(postgres) as frozen, process(postgres) as other, frozen.call():
        await database.execute(_AGE, 55.0)
        await other.free_of_ended()
        assert await database.fetchval(_TAKEN) == 1


@pytest.mark.usefixtures("connected")
async def test_a_process_has_time_for_new_sessions_when_its_old_ones_have_ended(
    postgres: str, database: Database
) -> None:
    async with process(postgres) as cut:
        await cut.call().__aenter__()
    await sessions_end(database, cut)

    async with process(postgres) as other:
        await database.execute(_AGE, 0.0)  # however long it took
        await other.free_of_ended()
        assert await database.fetchval(_TAKEN) == 1


async def test_who_has_only_just_connected_frees_nothing(postgres: str, database: Database) -> None:
    """The database was away for all: the others will be back."""
    await killed_in_a_call(postgres, database)

    async with process(postgres) as back_first:
        await back_first.free_of_ended()
        assert await database.fetchval(_TAKEN) == 1


@pytest.mark.usefixtures("connected")
async def test_slots_of_a_build_that_names_no_sessions_keep_their_lease(
    postgres: str, database: Database
) -> None:
    await killed_in_a_call(postgres, database)
    await database.execute("update profile_slots set holder = gen_random_uuid()")

    async with process(postgres) as other:
        await other.free_of_ended()
        assert await database.fetchval(_TAKEN) == 1


async def test_a_process_that_is_started_again_has_its_slots_at_once(
    postgres: str, database: Database
) -> None:
    await killed_in_a_call(postgres, database, "execute.one")

    async with process(postgres, "execute.two") as another:
        await another.limits.take_over()
        assert await database.fetchval(_TAKEN) == 1
    async with process(postgres, "execute.one") as again:
        await again.limits.take_over()
        async with again.call():
            assert await database.fetchval(_TAKEN) == 1


async def test_a_login_with_few_rights_sees_whose_sessions_there_are(
    postgres: str, database: Database
) -> None:
    role = f"few_{uuid4().hex[:8]}"
    await database.execute(f"create role {role}")
    async with process(postgres) as alive, database.connection() as connection:
        await connection.execute(f"set role {role}")
        assert await connection.fetchval(_SESSIONS, session_name(alive.id)) == 1
        await connection.execute(f"reset role; drop role {role}")


async def test_a_process_that_stood_still_waits_until_it_has_a_slot_again(
    postgres: str, database: Database
) -> None:
    async with process(postgres) as stood_still, process(postgres) as other:
        async with stood_still.call():
            own = copy_context()
            await database.execute("update profile_slots set until = now() - interval '1 s'")
            async with other.call():
                for slot in stood_still.limiter._slots._busy:
                    slot.renewed_at -= 60.0
                next_call = asyncio.create_task(stood_still.limiter.pace(), context=own)
                assert not (await asyncio.wait([next_call], timeout=0.2))[0]
            await other.limiter.release()
            await next_call
        await stood_still.limiter.release()
        assert await database.fetchval(_TAKEN) == 0


async def test_who_has_a_slot_and_wants_more_lets_it_go_to_who_has_none(
    postgres: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_slots, "POLL", 0.3)  # who waits asks well before who let it go does
    async with process(postgres) as third, process(postgres) as busy, process(postgres) as other:
        ends = asyncio.Event()
        done: list[str] = []

        async def call(one: Process, name: str) -> None:
            async with one.limits.of(PROFILE, TENANT, 2, None).call():
                await ends.wait()
                done.append(name)

        first = asyncio.create_task(call(busy, "first"))
        await eventually(lambda: _are_taken(database, 1))
        async with third.limits.of(PROFILE, TENANT, 2, None).call():
            await eventually(lambda: _are_taken(database, 2))
            others = asyncio.create_task(call(other, "of the other"))
            await eventually(lambda: _yields(busy))
            second = asyncio.create_task(call(busy, "second"))
            await eventually(busy.slots()._claiming.locked)
            ends.set()
            await others
            assert done == ["first", "of the other"]
        for one in (third, other):
            await one.limits.of(PROFILE, TENANT, 2, None).release()
        await asyncio.wait([first, second])
        assert done == ["first", "of the other", "second"]


async def _are_taken(database: Database, count: int) -> bool:
    taken: int = await database.fetchval(_TAKEN)
    return taken == count


async def _yields(process: Process) -> bool:
    """Renew, as a process does each second, and tell whether it found another one waiting."""
    await process.slots().renew()
    return process.slots()._yielding
