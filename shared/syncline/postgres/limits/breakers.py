"""The circuit breakers of profiles, held over all processes. Spec section 3; docs/decisions/0085.

The process whose calls fail stores that the profile's breaker is open; the others look once a
second. While it is open no call begins. One process at a time tests the profile, and closes the
breaker when the test passes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import datetime

import msgspec
import structlog

from syncline.domain.breaker import (
    FIRST_PAUSE,
    IN_A_ROW,
    LONGEST_PAUSE,
    NO_ENTRY,
    SOON,
    waiting_reason,
)
from syncline.domain.errors import Failure, RetriableError
from syncline.postgres.database.database import Database
from syncline.postgres.database.rows import struct_of
from syncline.postgres.limits.retry_after import PausedError

TESTED_WITHIN = 15.0
"""Seconds that a test may take; then another process may begin one."""
log = structlog.get_logger()

_LONGER = f"least(b.pause * 2, {LONGEST_PAUSE})"
_AGAIN = f"""
case when b.closed_at > now() - make_interval(secs => {SOON}) then {_LONGER}
  else {FIRST_PAUSE} end
"""
_OPEN = f"""
insert into profile_breakers as b (profile_id, tenant, reason, opened_at, pause, probe_at)
values ($1, $2, $3, now(), {FIRST_PAUSE}, now() + make_interval(secs => {FIRST_PAUSE}))
on conflict (profile_id) do update set reason = excluded.reason, opened_at = now(),
  closed_at = null, pause = {_AGAIN}, probe_at = now() + make_interval(secs => {_AGAIN})
where b.closed_at is not null
returning 1
"""
_READ = """
select b.profile_id, b.tenant, p.name, b.opened_at, b.reason,
  extract(epoch from b.probe_at - now())::float8 as seconds,
  exists (select from parked_bundles k join runs r on r.id = k.run_id
          where r.target_id = b.profile_id) as has_parked
from profile_breakers b join profiles p on p.id = b.profile_id
where b.closed_at is null
"""
_CLAIM = f"""
update profile_breakers
set testing_until = now() + make_interval(secs => {TESTED_WITHIN})
where profile_id = $1 and closed_at is null and probe_at <= now() and testing_until < now()
returning 1
"""
_STILL_AWAY = f"""
update profile_breakers b set pause = {_LONGER}, reason = $2, testing_until = '-infinity',
  probe_at = now() + make_interval(secs => {_LONGER})
where profile_id = $1 and closed_at is null
"""
_CLOSE = """
update profile_breakers set closed_at = now(), testing_until = '-infinity'
where profile_id = $1 and closed_at is null
returning extract(epoch from now() - opened_at)::float8
"""


class OpenBreaker(msgspec.Struct, frozen=True):
    """A profile whose system does not answer; it is tested in `seconds`, now if below 0.

    `has_parked`: bundles of runs are parked that have it as their target.
    """

    profile_id: str
    tenant: str
    name: str
    opened_at: datetime
    reason: str
    seconds: float
    has_parked: bool


class SystemAwayError(PausedError):
    """A call was not begun, because the profile's breaker is open."""

    def __init__(self, found: OpenBreaker) -> None:
        words = waiting_reason(found.name, found.opened_at, found.reason)
        super().__init__(max(found.seconds, 0.0) + 1.0, found.reason, words)


class Breakers:
    """All breakers as this process knows them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open: dict[str, tuple[float, OpenBreaker]] = {}
        self._failed_in_a_row = Counter[str]()

    def open_at(self, profile: str) -> OpenBreaker | None:
        """Return a profile's breaker if it is open."""
        if profile not in self._open:
            return None
        read_at, found = self._open[profile]
        left = found.seconds - (_now() - read_at)
        return msgspec.structs.replace(found, seconds=left)

    def with_parked(self) -> list[OpenBreaker]:
        """Return the open ones for which bundles are parked."""
        return [found for _, found in self._open.values() if found.has_parked]

    async def refresh(self) -> None:
        """Read which breakers are open. Raises RetriableError."""
        found, now = await open_breakers(self._database), _now()
        self._open = {breaker.profile_id: (now, breaker) for breaker in found}

    def answered(self, profile: str) -> None:
        """Note a call that did its work."""
        self._failed_in_a_row.pop(profile, None)

    async def failed(self, profile: str, tenant: str, failure: Failure) -> OpenBreaker | None:
        """Note a failed call, and open the breaker when they are too many in a row.

        Returns the breaker if it is open.
        """
        self._failed_in_a_row[profile] += 1
        if failure.code in NO_ENTRY or self._failed_in_a_row[profile] >= IN_A_ROW:
            with suppress(RetriableError):  # the next failed call does it
                if await self._database.fetchval(_OPEN, profile, tenant, failure.message[:500]):
                    log.warning("breaker_opened", profile=profile, tenant=tenant, code=failure.code)
                await self.refresh()
        return self.open_at(profile)

    async def claim(self, profile: str) -> bool:
        """Take on a profile's test, if it is due and nobody else has it. Raises RetriableError."""
        found = self.open_at(profile)
        is_due = found is not None and found.seconds <= 0
        return is_due and bool(await self._database.fetchval(_CLAIM, profile))

    async def test_failed(self, profile: str, reason: str) -> None:
        """Leave a profile alone for longer than before. Raises RetriableError."""
        await self._database.execute(_STILL_AWAY, profile, reason[:500])
        await self.refresh()

    async def close(self, profile: str) -> None:
        """Let calls begin again. Raises RetriableError."""
        seconds = await self._database.fetchval(_CLOSE, profile)
        self._open.pop(profile, None)
        self.answered(profile)
        if seconds is not None:
            log.info("breaker_closed", profile=profile, seconds=round(seconds, 1))


class ProfileBreaker:
    """One profile's breaker."""

    def __init__(self, breakers: Breakers, profile: str, tenant: str) -> None:
        self._breakers = breakers
        self._profile = profile
        self._tenant = tenant

    def check(self) -> None:
        """Raise SystemAwayError if the breaker is open."""
        found = self._breakers.open_at(self._profile)
        if found is not None:
            raise SystemAwayError(found)

    def answered(self) -> None:
        """Note a call that did its work."""
        self._breakers.answered(self._profile)

    async def failed(self, failure: Failure) -> PausedError | None:
        """Note a failed call; return the error of the next ones if the breaker is open now."""
        found = await self._breakers.failed(self._profile, self._tenant, failure)
        return None if found is None else SystemAwayError(found)


async def open_breakers(database: Database) -> list[OpenBreaker]:
    """Return the breakers that are open. Raises RetriableError."""
    return [struct_of(OpenBreaker, row) for row in await database.fetch(_READ)]


def _now() -> float:
    return asyncio.get_running_loop().time()
