"""Max Concurrent and rate of a profile, held over all processes by leases in the database.

A process leases call slots as it needs them, keeps them while it is busy and gives idle ones back,
so a busy profile costs no round trip a call. When a slot is free again: see call_slots.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from random import random
from uuid import uuid4

import msgspec

from syncline.domain.errors import RetriableError
from syncline.postgres.database.database import Database
from syncline.postgres.limits.breakers import Breakers, ProfileBreaker
from syncline.postgres.limits.call_slots import (
    ProfileSlots,
    Slot,
    free_slots_of,
    free_slots_of_ended,
)
from syncline.postgres.limits.profile_calls import ProfileCalls
from syncline.postgres.limits.retry_after import PausedError, ProfilePause, paused_profiles
from syncline.telemetry.call_metrics import CallMetrics

RENEWAL = 1.0
"""Seconds between two renewals; an idle slot is given back after one."""
LONGEST_CALL = 60.0
"""Seconds, where nothing is said."""

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


class _Turn(msgspec.Struct, eq=False):
    """What a call in hand has; shared by its tasks. `is_paid`: it has a token that it can use."""

    slot: Slot
    is_paid: bool = True


_TURN: ContextVar[_Turn] = ContextVar("turn")
_CHECK: ContextVar[Callable[[], Awaitable[None]]] = ContextVar("check")
"""What is asked last before each call to the system, after all that it waited for."""


def _no_check() -> None:
    """Wait for as long as it takes."""


@contextmanager
def checked_before_calls(check: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Await `check` before each call to a system while the block runs; it raises to prevent it."""
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


class ProfileLimiter:
    """The limits of one profile as this process holds them, and what is counted of its calls."""

    def __init__(
        self,
        database: Database,
        profile: str,
        tenant: str,
        slots: ProfileSlots,
        rate: float | None,
        breakers: Breakers,
    ) -> None:
        self._database = database
        self._profile = profile
        self._tenant = tenant
        self._rate = rate
        self._breakers = breakers
        self._slots = slots
        self._known = False
        self._learning = asyncio.Lock()
        self._gate = asyncio.Semaphore(slots.concurrent)
        self._paying = asyncio.Lock()
        self.pause = ProfilePause(database, profile, tenant)
        self.breaker = ProfileBreaker(breakers, profile, tenant)
        self.metrics = CallMetrics("", "")  # of no name: whoever opens the profile gives others
        self.calls = ProfileCalls(database, profile, tenant, str(uuid4()))

    async def pace(self) -> None:
        """Wait until one more call to the system may begin; the first within `call` is included.

        A process that stood still may have lost its slot: then it waits for another one.

        Raises RetriableError, PausedError, and what `checked_before_calls` was given raises.
        """
        await self.pause.wait()
        turn = _TURN.get(None)
        if turn is not None and turn.is_paid:
            turn.is_paid = False
        else:
            await self._token(_no_check)
        if turn is not None and not turn.slot.is_sure:
            await self._confirm(turn)
        if (check := _CHECK.get(None)) is not None:
            await check()

    @asynccontextmanager
    async def call(
        self, run_id: str | None = None, check: Callable[[], None] = _no_check
    ) -> AsyncIterator[None]:
        """Hold one call slot, and take a token if the profile has a rate.

        Args:
            run_id: the run that people are shown as the one that calls; None: nobody is shown.
            check: is called again and again during the wait; it raises to end it.

        Raises:
            RetriableError: the database is away.
            PausedError: the system asked to be left alone for longer than is waited here, or it
                does not answer.

        The token is for the first call to the system; the connector takes one for each further
        call by `pace`. Who comes first in a process is served first.
        """
        with self.calls.counted(run_id) as call:
            async with self._gate:
                check()
                self.breaker.check()
                await self.pause.wait()  # holds no slot of others back
                await self._learn()
                turn = _Turn(await self._slots.acquire(check))
                try:
                    self.breaker.check()
                    await self.pause.wait()
                    await self._token(check)
                    holding = _TURN.set(turn)
                    call.waits = False
                    began = asyncio.get_running_loop().time()
                    try:
                        yield
                    finally:
                        _TURN.reset(holding)
                        self.metrics.took(asyncio.get_running_loop().time() - began)
                finally:
                    self._slots.give_back(turn.slot)

    async def renew(self) -> None:
        """Renew the slots in use, and store who calls. Raises RetriableError."""
        await self._slots.renew()
        await self.calls.store()

    async def release(self) -> None:
        """Give back everything, at the end of the process."""
        await self._slots.release()
        await self.calls.remove()

    async def _learn(self) -> None:
        """Read before the first call what holds back calls of the profile."""
        async with self._learning:
            if not self._known:
                await self.pause.refresh()
                await self._breakers.refresh()
                self._known = True

    async def _confirm(self, turn: _Turn) -> None:
        """Make sure of a call's slot. Raises PausedError: the database is away."""
        try:
            turn.slot = await self._slots.confirmed(turn.slot)
        except RetriableError as error:  # the system is not to blame for the database
            raise PausedError(RENEWAL, str(error)) from error

    async def _token(self, check: Callable[[], None]) -> None:
        check()
        if (rate := self._rate) is None:
            return
        async with self._paying:  # one asks for all: they wait in line
            taken = (self._profile, self._tenant, rate)
            while True:
                check()
                if await self._database.fetchval(_TAKE, *taken) is not None:
                    return
                # Not at a fixed pace: another process would always ask just before this one.
                await asyncio.sleep(min(1 / rate, 1.0) * random())  # noqa: S311


class Limits:
    """All limiters of a process.

    Args:
        process: the UUID that the sessions of `database` are named after; None: they have no name.
    """

    def __init__(self, database: Database, process: str | None = None) -> None:
        self._database = database
        self._process = process
        self._limiters: dict[tuple[str, int, float | None, float], ProfileLimiter] = {}
        self.breakers = Breakers(database)

    def of(
        self,
        profile: str,
        tenant: str,
        concurrent: int,
        rate: float | None,
        longest_call: float = LONGEST_CALL,
    ) -> ProfileLimiter:
        """Return the limiter of a profile; changed limits make a new one."""
        key = (profile, concurrent, rate, longest_call)
        if key not in self._limiters:
            database, process = self._database, self._process
            slots = ProfileSlots(database, profile, tenant, concurrent, process, longest_call)
            self._limiters[key] = ProfileLimiter(
                database, profile, tenant, slots, rate, self.breakers
            )
        return self._limiters[key]

    async def take_over(self) -> None:
        """Free what a process of this name had that was killed, before the first call."""
        if self._process is not None:
            with suppress(RetriableError):  # its lease runs out
                await free_slots_of(self._database, self._process)

    async def renew(self) -> None:
        """Side task: hold the leases in use, for as long as the process lives."""
        try:
            while True:
                await asyncio.sleep(RENEWAL)
                await self._refresh_pauses()
                await self.breakers.refresh()
                for limiter in list(self._limiters.values()):
                    await limiter.renew()
                if self._process is not None and self._limiters:
                    await free_slots_of_ended(self._database, self._process)
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
