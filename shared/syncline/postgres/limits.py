"""Max Concurrent and rate of a profile, held over all processes by leases in the database.

A process leases call slots as it needs them, keeps them while it is busy and gives idle ones back,
so a busy profile costs no round trip a call. A lease that is not renewed (a crash) runs out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from syncline.postgres.database import Database

LEASE = "30 seconds"
POLL = 0.05
"""Seconds between two tries for a slot or a token."""
KEEP = 1.0
"""Seconds between two renewals; an idle slot is given back after one."""

_SLOTS = """
insert into profile_slots (profile_id, slot, tenant)
select $1, n, $2 from generate_series(1, $3::int) n on conflict do nothing
"""
_CLAIM = f"""
update profile_slots set holder = $2, until = now() + interval '{LEASE}'
where (profile_id, slot) in (
  select profile_id, slot from profile_slots
  where profile_id = $1 and slot <= $3 and until < now() order by slot limit 1
  for update skip locked)
returning slot
"""
_RENEW = f"""
update profile_slots set until = now() + interval '{LEASE}'
where profile_id = $1 and holder = $2 and slot = any($3)
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


class ProfileLimiter:
    """The limits of one profile as this process holds them."""

    def __init__(
        self, database: Database, profile: str, tenant: str, concurrent: int, rate: float | None
    ) -> None:
        self._database = database
        self._profile = UUID(profile)
        self._tenant = tenant
        self._concurrent = concurrent
        self._rate = rate
        self._holder = uuid4()
        self._idle: list[int] = []
        self._rested: set[int] = set()
        self._busy: set[int] = set()
        self._known = False

    @asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Hold one call slot, and take a token if the profile has a rate. Raises RetriableError."""
        slot = await self._acquire()
        try:
            if self._rate is not None:
                await self._token(self._rate)
            yield
        finally:
            self._busy.discard(slot)
            self._idle.append(slot)

    async def keep(self) -> None:
        """Renew what is in use and give back what was idle since the last time."""
        rested = [slot for slot in self._idle if slot in self._rested]
        self._idle = [slot for slot in self._idle if slot not in self._rested]
        self._rested = set(self._idle)
        if rested:
            await self._database.execute(_RELEASE, self._profile, self._holder, rested)
        held = [*self._busy, *self._idle]
        if held:
            await self._database.execute(_RENEW, self._profile, self._holder, held)

    async def release(self) -> None:
        """Give back everything, at the end of the process."""
        held = [*self._busy, *self._idle]
        self._idle, self._busy = [], set()
        if held:
            await self._database.execute(_RELEASE, self._profile, self._holder, held)

    async def _acquire(self) -> int:
        if not self._known:
            await self._database.execute(_SLOTS, self._profile, self._tenant, self._concurrent)
            self._known = True
        while not self._idle:
            slot = await self._database.fetchval(
                _CLAIM, self._profile, self._holder, self._concurrent
            )
            if slot is not None:
                self._idle.append(slot)
            elif not self._idle:
                await asyncio.sleep(POLL)
        slot = self._idle.pop()
        self._rested.discard(slot)
        self._busy.add(slot)
        return int(slot)

    async def _token(self, rate: float) -> None:
        while True:
            left = await self._database.fetchval(_TAKE, self._profile, self._tenant, rate)
            if left is not None:
                return
            await asyncio.sleep(min(1 / rate, 1.0))


class Limits:
    """All limiters of a process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._limiters: dict[tuple[str, int, float | None], ProfileLimiter] = {}

    def of(self, profile: str, tenant: str, concurrent: int, rate: float | None) -> ProfileLimiter:
        """Return the limiter of a profile; changed limits make a new one."""
        key = (profile, concurrent, rate)
        if key not in self._limiters:
            self._limiters[key] = ProfileLimiter(self._database, profile, tenant, concurrent, rate)
        return self._limiters[key]

    async def keep(self) -> None:
        """Side task: hold the leases in use, for as long as the process lives."""
        try:
            while True:
                await asyncio.sleep(KEEP)
                for limiter in list(self._limiters.values()):
                    await limiter.keep()
        finally:
            for limiter in self._limiters.values():
                await limiter.release()
