"""Leaving a system alone because it asked for it (`Retry-After`), in every process.

The process that is asked stores it; the others look once a second (docs/decisions/0026).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from syncline.domain.errors import RetriableError
from syncline.domain.retry import LONGEST_PAUSE
from syncline.postgres.database.database import Database

SOON = 10.0
"""Seconds that a call waits on the spot."""

_PAUSE = """
insert into profile_pauses as p (profile_id, tenant, until, reason)
values ($1, $2, clock_timestamp() + make_interval(secs => $3), coalesce((
  select format('waiting for %s: it asks to wait %s s: ', name, ceil($3::float8))
  from profiles where id = $1), '') || $4)
on conflict (profile_id) do update set
  reason = case when excluded.until > p.until then excluded.reason else p.reason end,
  until = greatest(excluded.until, p.until)
returning reason
"""
_PAUSED = """
select profile_id, extract(epoch from until - clock_timestamp())::float8 as seconds, reason
from profile_pauses where until > clock_timestamp() and ($1::uuid is null or profile_id = $1)
"""


class PausedError(RetriableError):
    """The system asked to be left alone for longer than a call waits on the spot."""

    def __init__(self, seconds: float, reason: str, message: str = "") -> None:
        message = message or f"no call for another {seconds:,.0f} s: {reason}"
        super().__init__(message, code="profile_paused", retry_after=seconds)


class ProfilePause:
    """The pause of one profile as this process knows it."""

    def __init__(self, database: Database, profile: str, tenant: str) -> None:
        self._database = database
        self._profile = profile
        self._tenant = tenant
        self._until = 0.0
        self._reason = ""

    async def hold_off(self, seconds: float, reason: str) -> None:
        """Let no process call the system for so many seconds, at most LONGEST_PAUSE at a time.

        What waits for it says so with the profile's name.
        """
        seconds = min(seconds, LONGEST_PAUSE)
        self.extend(seconds, reason)
        with suppress(RetriableError):  # the system itself asks the others
            said = (self._profile, self._tenant, seconds, reason[:500])
            self.extend(seconds, await self._database.fetchval(_PAUSE, *said))

    def extend(self, seconds: float, reason: str) -> None:
        """Begin no call of this process before so many seconds have passed."""
        until = _now() + seconds
        if until > self._until:
            self._until, self._reason = until, reason

    async def wait(self) -> None:
        """Wait until calls may begin. Raises PausedError where that is not soon."""
        while (left := self._until - _now()) > 0:
            if left > SOON:
                raise PausedError(left, self._reason)
            await asyncio.sleep(left)

    def left(self) -> tuple[float, str]:
        """Return for how many seconds no call begins, 0 or less: none, and why."""
        return self._until - _now(), self._reason

    async def refresh(self) -> None:
        """Read what another process has stored. May raise RetriableError."""
        for row in await self._database.fetch(_PAUSED, self._profile):
            self.extend(row["seconds"], row["reason"])


async def paused_profiles(database: Database) -> list[tuple[str, float, str]]:
    """Return the profiles to be left alone, for how many seconds, and why."""
    rows = await database.fetch(_PAUSED, None)
    return [(row["profile_id"], row["seconds"], row["reason"]) for row in rows]


def _now() -> float:
    return asyncio.get_running_loop().time()
