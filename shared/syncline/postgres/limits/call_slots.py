"""Call slots of a profile in the database, and those that this process has. docs/decisions/0034.

A slot belongs to a process. It is free again when its lease has run out, or when the database
sessions of its process have ended: that is soon after the process was killed. The lease is as long
as a call can take, because the call of a process that only stands still may go on.

Slot 0 is no real slot: a process that finds no free slot leaves its name there, and processes that
hold slots give one back soon. So a busy process never keeps the others out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from syncline.postgres.database.database import Database

POLL = 0.05
"""Seconds between two tries for a slot."""
SURE = 4.0
"""Seconds after its last renewal for which a slot is its process's without another question."""
UNRENEWED = 2 * SURE
"""Seconds without a renewal that a process has for new sessions where its old ones have ended."""
CONNECTED = 10.0
"""Seconds that a process must have been connected to tell that the sessions of others have ended:
when the database was away, those of all have."""

_SLOTS = """
insert into profile_slots (profile_id, slot, tenant)
select $1, n, $2 from generate_series(1, $3::int) n on conflict do nothing
"""
_CLAIM = """
update profile_slots set holder = $2, session = $5::uuid, renewed_at = now(),
  until = now() + make_interval(secs => $4)
where (profile_id, slot) in (
  select profile_id, slot from profile_slots
  where profile_id = $1 and slot between 1 and $3 and until < now() order by slot limit 1
  for update skip locked)
returning slot
"""
_RENEW = """
update profile_slots set renewed_at = now(), until = now() + make_interval(secs => $4)
where profile_id = $1 and holder = $2 and slot = any($3)
returning slot
"""
_RELEASE = """
update profile_slots set holder = null, until = '-infinity'
where profile_id = $1 and holder = $2 and slot = any($3)
"""
_WANTED = """
insert into profile_slots (profile_id, slot, tenant, holder, until)
values ($1, 0, $2, $3, now() + interval '3 seconds')
on conflict (profile_id, slot) do update set holder = excluded.holder, until = excluded.until
where profile_slots.until < now() + interval '2 seconds'
"""
_IS_WANTED = """
select exists (select from profile_slots w
  where profile_id = $1 and slot = 0 and holder <> $2 and until > now() and $3 > (
    select count(*) from profile_slots s
    where s.profile_id = $1 and slot > 0 and s.holder = w.holder and s.until > now()))
"""
"""Whether somebody waits who has fewer than so many slots."""
_SESSIONS = "select from pg_stat_activity a where a.application_name ="
_FREE_OF_ENDED = f"""
update profile_slots s set holder = null, until = '-infinity'
where s.session = s.holder and s.renewed_at < now() - make_interval(secs => $2)
  and not exists ({_SESSIONS} 'syncline ' || s.holder)
  and exists ({_SESSIONS} $1 and a.backend_start < now() - make_interval(secs => $3))
"""
_FREE_OF = "update profile_slots set holder = null, until = '-infinity' where holder = $1"


class Slot(msgspec.Struct, eq=False):
    """A slot of this process; `renewed_at`: by the loop's clock, before the database was asked."""

    number: int
    renewed_at: float
    is_lost: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether it needs no question whether the slot is still this process's."""
        now = asyncio.get_running_loop().time()
        return not self.is_lost and now - self.renewed_at <= SURE


class ProfileSlots:
    """The slots of one profile that this process has, in use or idle.

    Args:
        concurrent: how many slots the profile has.
        process: whose they are, by `process_id`; None: a holder's whose sessions have no name.
        longest_call: seconds that one call may take.
    """

    def __init__(
        self,
        database: Database,
        profile: str,
        tenant: str,
        concurrent: int,
        process: str | None,
        longest_call: float,
    ) -> None:
        self._database = database
        self._profile = profile
        self._tenant = tenant
        self.concurrent = concurrent
        self._process = process
        self._lease = longest_call + SURE
        self._holder = process or str(uuid4())
        self._idle: list[Slot] = []
        self._rested: set[Slot] = set()
        self._busy: set[Slot] = set()
        self._exist = False
        self._claiming = asyncio.Lock()
        self._freed = asyncio.Event()
        self._yielding = False

    async def acquire(self, check: Callable[[], None] = lambda: None) -> Slot:
        """Wait for a slot and take it; who comes first is served first.

        Raises RetriableError, and what `check` raises, which is called again and again.
        """
        async with self._claiming:
            if not self._exist:
                made = (self._profile, self._tenant, self.concurrent)
                await self._database.execute(_SLOTS, *made)
                self._exist = True
            while not self._idle or self._yielding:
                check()
                await (self._yield() if self._idle else self._claim())
            slot = self._idle.pop()
            self._rested.discard(slot)
            self._busy.add(slot)
            return slot

    def give_back(self, slot: Slot) -> None:
        """Let the next call of this process have a slot."""
        if slot in self._busy:  # else it is lost
            self._busy.discard(slot)
            self._idle.append(slot)
            self._freed.set()

    async def confirmed(self, slot: Slot) -> Slot:
        """Return a slot in use if it is surely ours, or another one. Raises RetriableError."""
        while not slot.is_sure:
            if slot.is_lost:
                slot = await self.acquire()
            else:
                await self._renew([slot])
        return slot

    async def renew(self) -> None:
        """Renew what is in use; give back what was idle since the last time or others wait for.

        Raises RetriableError.
        """
        has = len(self._idle) + len(self._busy)
        asked = (self._profile, self._holder, has)
        self._yielding = bool(has and await self._database.fetchval(_IS_WANTED, *asked))
        rested = [slot for slot in self._idle if slot in self._rested]
        self._idle = [slot for slot in self._idle if slot not in self._rested]
        self._rested = set(self._idle)
        await self._release(rested)
        await self._renew([*self._busy, *self._idle])

    async def release(self) -> None:
        """Give back everything, at the end of the process. Raises RetriableError."""
        held = [*self._busy, *self._idle]
        self._idle, self._busy = [], set()
        await self._release(held)

    async def _renew(self, held: Sequence[Slot]) -> None:
        """Renew slots; forget those that are others' by now."""
        if not held:
            return
        now, numbers = asyncio.get_running_loop().time(), [slot.number for slot in held]
        renewed = (self._profile, self._holder, numbers, self._lease)
        ours = {row[0] for row in await self._database.fetch(_RENEW, *renewed)}
        for slot in held:
            slot.renewed_at, slot.is_lost = now, slot.number not in ours
        self._busy = {slot for slot in self._busy if not slot.is_lost}
        self._idle = [slot for slot in self._idle if not slot.is_lost]

    async def _release(self, slots: Sequence[Slot]) -> None:
        if slots:
            numbers = [slot.number for slot in slots]
            await self._database.execute(_RELEASE, self._profile, self._holder, numbers)

    async def _yield(self) -> None:
        """Let another process have one slot, and a moment to take it."""
        self._yielding = False
        slot = self._idle.pop()
        self._rested.discard(slot)
        await self._release([slot])
        await asyncio.sleep(2 * POLL)

    async def _claim(self) -> None:
        """Lease a slot, or wait until one is free here or it is time to ask again."""
        self._freed.clear()
        now = asyncio.get_running_loop().time()
        claimed = (self._profile, self._holder, self.concurrent, self._lease, self._process)
        number = await self._database.fetchval(_CLAIM, *claimed)
        if number is not None:
            self._idle.append(Slot(number, now))
            return
        await self._database.execute(_WANTED, self._profile, self._tenant, self._holder)
        with suppress(TimeoutError):  # time to ask again, as the caller does
            async with asyncio.timeout(POLL):
                await self._freed.wait()


def process_id(name: str | None) -> str:
    """Return a process's UUID, by its name the same one again; None: it has no name."""
    return str(uuid4() if name is None else uuid5(NAMESPACE_URL, f"syncline:{name}"))


def session_name(process: str) -> str:
    """Return the name of a process's database sessions."""
    return f"syncline {process}"


async def free_slots_of_ended(database: Database, process: str) -> None:
    """Free what processes have whose sessions have ended, as this one sees. Raises RetriableError.

    A login to the database sees the names of all sessions, whatever its rights.
    """
    await database.execute(_FREE_OF_ENDED, session_name(process), UNRENEWED, CONNECTED)


async def free_slots_of(database: Database, process: str) -> None:
    """Free what an earlier process of this name had when it was killed. Raises RetriableError."""
    await database.execute(_FREE_OF, process)
