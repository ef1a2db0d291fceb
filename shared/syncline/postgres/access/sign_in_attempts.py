"""Failed sign-ins are counted: guessing passwords becomes slow, and nobody else is locked out.

Failures are counted by account and address together, so only whoever guesses is stopped. Where an
account is guessed at from many addresses, or an address tries many accounts, attempts are taken
only of accounts at addresses from which they were signed in to before.
"""

from __future__ import annotations

import msgspec

from syncline.postgres.database.database import Database, Repository

_IS_KNOWN = """
select succeeded_at > now() - interval '30 days' from sign_in_attempts
where account = $1 and address = $2
"""
_PRUNE = """
delete from sign_in_attempts a using (
  select account, address from sign_in_attempts
  where succeeded_at is null or succeeded_at < now() - interval '30 days'
  order by since desc offset $1
) b where a.account = b.account and a.address = b.address
"""
MOST_KEPT = 10_000
"""Pairs of account and address that were never signed in, which are remembered."""
_RESERVE = """
insert into sign_in_attempts as a (account, address, failures, since) values ($1, $2, 1, now())
on conflict (account, address) do update set
  failures = case when a.since < now() - make_interval(secs => $3) then 1
    else least(a.failures + 1, $4) end,
  since = case when a.since < now() - make_interval(secs => $3) then now() else a.since end
returning failures, xmax = 0 as is_new,
  ceil(extract(epoch from since + make_interval(secs => $3) - now()))::int as seconds
"""
_SUMS = """
select coalesce(sum(failures) filter (where account = $1), 0)::int as of_account,
  coalesce(sum(failures) filter (where address = $2), 0)::int as of_address
from sign_in_attempts where (account = $1 or address = $2)
  and since > now() - make_interval(secs => $3)
"""


class Allowance(msgspec.Struct, frozen=True):
    """How many sign-ins may fail within a time.

    Attributes:
        seconds: that time, from the first failure.
        here: at one account from one address.
        account: at one account from addresses that it was never signed in to from.
        address: from one address, at any accounts.
    """

    seconds: int = 900
    here: int = 5
    account: int = 50
    address: int = 100


class SignInAttempts(Repository):
    """Every method may raise RetriableError."""

    def __init__(self, database: Database, allowance: Allowance) -> None:
        super().__init__(database)
        self._allowance = allowance

    async def reserve(self, account: bytes, address: str) -> int | None:
        """Count an attempt as failed before it is made; return the seconds to wait, if any."""
        allowed = self._allowance
        most = allowed.here + 1  # or one address could use up an account's
        async with self._database.connection() as connection:
            if not await connection.fetchval(_IS_KNOWN, account, address):
                [sums] = await connection.fetch(_SUMS, account, address, allowed.seconds)
                too_many = (
                    sums["of_account"] >= allowed.account or sums["of_address"] >= allowed.address
                )
                if too_many:  # nothing is stored, or guessing would fill the table
                    return allowed.seconds
            [row] = await connection.fetch(_RESERVE, account, address, allowed.seconds, most)
            if row["is_new"]:
                await connection.execute(_PRUNE, MOST_KEPT)
        return max(1, int(row["seconds"])) if row["failures"] > allowed.here else None

    async def succeed(self, account: bytes, address: str) -> None:
        """Forget the failures of an account from this address, which signed in; delete old rows."""
        await self._database.execute(
            "update sign_in_attempts set failures = 0, succeeded_at = now() "
            "where account = $1 and address = $2",
            account,
            address,
        )
        await self._database.execute(
            "delete from sign_in_attempts where since < now() - interval '1 day' "
            "and (succeeded_at is null or succeeded_at < now() - interval '30 days')"
        )
