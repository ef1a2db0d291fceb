"""Max Concurrent and rate of a profile, held over all processes by leases in the database.

A process leases call slots as it needs them, keeps them while it is busy and gives idle ones back,
so a busy profile costs no round trip a call. A lease that is not renewed (a crash) runs out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from uuid import uuid4

from syncline.postgres.database.database import Database
from syncline.postgres.limits.breakers import Breakers, ProfileBreaker
from syncline.postgres.limits.profile_calls import LEASE, ProfileCalls
from syncline.postgres.limits.retry_after import ProfilePause, paused_profiles

POLL = 0.05
"""Seconds between two tries for a slot or a token."""
RENEWAL = 1.0
"""Seconds between two renewals; an idle slot is given back after one."""

_SLOTS = """
insert into profile_slots (profile_id, slot, tenant)
select $1, n, $2 from generate_series(1, $3::int) n on conflict do nothing
"""
_CLAIM = f"""
update profile_slots set holder = $2, until = now() + interval '{LEASE}'
where (profile_id, slot) in (
  select profile_id, slot from profile_slots
  where profile_id = $1 and slot between 1 and $3 and until < now() order by slot limit 1
  for update skip locked)
returning slot
"""
_RENEW = f"""
update profile_slots set until = now() + interval '{LEASE}'
where profile_id = $1 and holder = $2 and slot = any($3)
returning slot
"""
_RELEASE = """
update profile_slots set holder = null, until = '-infinity'
where profile_id = $1 and holder = $2 and slot = any($3)
"""
_TAKE = """
insert into profile_rates as r (profile_id, tenant, tokens, refilled_at)
values ($1, $2, greatest($3::float8, 1) - 1, clock_timestamp())
on conflict (profile_id) do update set
  tokens = least(greatest($3::float8, 1), r.tokens
    + extract(epoch from clock_timestamp() - r.refilled_at) * $3::float8) - 1,
  refilled_at = clock_timestamp()
where least(greatest($3::float8, 1), r.tokens
    + extract(epoch from clock_timestamp() - r.refilled_at) * $3::float8) >= 1
returning tokens
"""


_WANTED = """
insert into profile_slots (profile_id, slot, tenant, holder, until)
values ($1, 0, $2, $3, now() + interval '3 seconds')
on conflict (profile_id, slot) do update set holder = excluded.holder, until = excluded.until
where profile_slots.until < now() + interval '2 seconds'
"""
_IS_WANTED = """
select exists (select from profile_slots
               where profile_id = $1 and slot = 0 and holder <> $2 and until > now())
"""


_PAID: ContextVar[list[bool]] = ContextVar("paid")
"""Whether the call in hand has a token that it has not used; shared by the tasks of the call."""
_CHECK: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("check")
"""What is asked last before each call to the system, after all that it waited for."""


@contextmanager
def checked_before_calls(check: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Await `check` before each call to a system while the block runs; it raises to prevent it."""
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


class ProfileLimiter:
    """The limits of one profile as this process holds them.

    Slot 0 is no real slot: a process that finds no free slot leaves its name there, and processes
    that hold slots give one back soon. So a busy process never keeps the others out.
    """

    def __init__(
        self,
        database: Database,
        profile: str,
        tenant: str,
        concurrent: int,
        rate: float | None,
        breakers: Breakers,
    ) -> None:
        self._database = database
        self._profile = profile
        self._tenant = tenant
        self._concurrent = concurrent
        self._rate = rate
        self._breakers = breakers
        self._holder = str(uuid4())
        self._idle: list[int] = []
        self._rested: set[int] = set()
        self._busy: set[int] = set()
        self._known = False
        self._gate = asyncio.Semaphore(concurrent)
        self._claiming = asyncio.Lock()
        self._freed = asyncio.Event()
        self._paying = asyncio.Lock()
        self._yielding = False
        self.pause = ProfilePause(database, self._profile, tenant)
        self.breaker = ProfileBreaker(breakers, self._profile, tenant)
        self.calls = ProfileCalls(database, profile, tenant, self._holder)

    async def pace(self) -> None:
        """Wait until one more call to the system may begin; the first within `call` is included.

        Raises RetriableError, PausedError, and what `checked_before_calls` was given raises.
        """
        await self.pause.wait()
        paid = _PAID.get(None)
        if paid:
            paid.clear()
        elif self._rate is not None:
            await self._token(self._rate)
        if (check := _CHECK.get(None)) is not None:
            await check()

    @asynccontextmanager
    async def call(self, run_id: str | None = None) -> AsyncIterator[None]:
        """Hold one call slot, and take a token if the profile has a rate.

        Args:
            run_id: the run that people are shown as the one that calls; None: nobody is shown.

        Raises:
            RetriableError: the database is away.
            PausedError: the system asked to be left alone for longer than is waited here, or it
                does not answer.

        The token is for the first call to the system; the connector takes one for each further
        call by `pace`. Who comes first in a process is served first.
        """
        with self.calls.counted(run_id) as call:
            async with self._gate:
                self.breaker.check()
                await self.pause.wait()  # holds no slot of others back
                slot = await self._acquire()
                try:
                    self.breaker.check()
                    await self.pause.wait()
                    if self._rate is not None:
                        await self._token(self._rate)
                    holding = _PAID.set([True])
                    call.waits = False
                    try:
                        yield
                    finally:
                        _PAID.reset(holding)
                finally:
                    self._give_back(slot)

    def _give_back(self, slot: int) -> None:
        if slot in self._busy:  # else its lease ran out meanwhile
            self._busy.discard(slot)
            self._idle.append(slot)
            self._freed.set()

    async def renew(self) -> None:
        """Renew what is in use; give back what was idle since the last time or others wait for."""
        self._yielding = bool(
            (self._idle or self._busy)
            and await self._database.fetchval(_IS_WANTED, self._profile, self._holder)
        )
        rested = [slot for slot in self._idle if slot in self._rested]
        self._idle = [slot for slot in self._idle if slot not in self._rested]
        self._rested = set(self._idle)
        if rested:
            await self._database.execute(_RELEASE, self._profile, self._holder, rested)
        held = [*self._busy, *self._idle]
        if held:
            rows = await self._database.fetch(_RENEW, self._profile, self._holder, held)
            lost = set(held) - {row[0] for row in rows}  # the database was away for too long
            self._busy -= lost
            self._idle = [slot for slot in self._idle if slot not in lost]
        await self.calls.store()

    async def release(self) -> None:
        """Give back everything, at the end of the process."""
        held = [*self._busy, *self._idle]
        self._idle, self._busy = [], set()
        if held:
            await self._database.execute(_RELEASE, self._profile, self._holder, held)
        await self.calls.remove()

    async def _acquire(self) -> int:
        async with self._claiming:
            if not self._known:
                await self._database.execute(_SLOTS, self._profile, self._tenant, self._concurrent)
                await self.pause.refresh()
                await self._breakers.refresh()
                self._known = True
            if self._yielding and self._idle:
                await self._yield()
            while not self._idle:
                await self._claim()
            slot = self._idle.pop()
            self._rested.discard(slot)
            self._busy.add(slot)
            return slot

    async def _yield(self) -> None:
        """Let another process have one slot, and a moment to take it."""
        self._yielding = False
        slot = self._idle.pop()
        self._rested.discard(slot)
        await self._database.execute(_RELEASE, self._profile, self._holder, [slot])
        await asyncio.sleep(2 * POLL)

    async def _claim(self) -> None:
        """Lease a slot, or wait until one is free here or it is time to ask again."""
        self._freed.clear()
        claimed = (self._profile, self._holder, self._concurrent)
        slot = await self._database.fetchval(_CLAIM, *claimed)
        if slot is not None:
            self._idle.append(slot)
            return
        await self._database.execute(_WANTED, self._profile, self._tenant, self._holder)
        with suppress(TimeoutError):  # time to ask again, as the caller does
            async with asyncio.timeout(POLL):
                await self._freed.wait()

    async def _token(self, rate: float) -> None:
        async with self._paying:  # one asks for all: they wait in line
            taken = (self._profile, self._tenant, rate)
            while True:
                if await self._database.fetchval(_TAKE, *taken) is not None:
                    return
                await asyncio.sleep(min(1 / rate, 1.0))


class Limits:
    """All limiters of a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limiters: dict[tuple[str, int, float | None], ProfileLimiter] = {}
        self.breakers = Breakers(database)

    def of(self, profile: str, tenant: str, concurrent: int, rate: float | None) -> ProfileLimiter:
        """Return the limiter of a profile; changed limits make a new one."""
        key = (profile, concurrent, rate)
        if key not in self._limiters:
            self._limiters[key] = ProfileLimiter(
                self._database, profile, tenant, concurrent, rate, self.breakers
            )
        return self._limiters[key]

    async def renew(self) -> None:
        """Side task: hold the leases in use, for as long as the process lives."""
        try:
            while True:
                await asyncio.sleep(RENEWAL)
                await self._refresh_pauses()
                await self.breakers.refresh()
                for limiter in list(self._limiters.values()):
                    await limiter.renew()
        except asyncio.CancelledError:  # the process ends: a database that is away ends no lease
            for limiter in self._limiters.values():
                await limiter.release()
            raise

    async def _refresh_pauses(self) -> None:
        """Take over the pauses that other processes have stored."""
        for profile, seconds, reason in await paused_profiles(self._database):
            for (known, *_), limiter in self._limiters.items():
                if known == profile:
                    limiter.pause.extend(seconds, reason)
