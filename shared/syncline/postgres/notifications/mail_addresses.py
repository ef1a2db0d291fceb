"""Whose e-mail address may be written to: its owner is asked before anything else is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from syncline.domain.errors import ThrottledError
from syncline.postgres.audit.log import audit
from syncline.postgres.audit.throttle import AuditThrottle, audit_throttled
from syncline.postgres.database.database import Database, Repository
from syncline.security.tokens import new_token, token_hash

ASK_AGAIN = timedelta(hours=1)
MOST_ASKED = 5
"""Questions to one address, in all."""
LINK_LASTS = timedelta(days=7)
QUESTIONS = AuditThrottle("email.confirmation_sent", 50, timedelta(hours=1))
"""Of a tenant: more would make this a way to write to strangers."""
_DUE = """
select a from unnest($2::text[]) a left join mail_addresses m
  on m.tenant = $1 and m.address = lower(a)
where m.address is null or (m.confirmed_at is null and m.asked < $3
  and (m.asked_at is null or m.asked_at < now() - $4::interval))
"""
_ASK = """
insert into mail_addresses (tenant, address, token_hash, asked_at, asked)
values ($1, lower($2), $3, now(), 1)
on conflict (tenant, address) do update
set token_hash = excluded.token_hash, asked_at = now(), asked = mail_addresses.asked + 1
"""
_ASKED = """
select address from mail_addresses where token_hash = $1 and asked_at > now() - $2::interval
"""
_CONFIRM = """
update mail_addresses set confirmed_at = coalesce(confirmed_at, now())
where token_hash = $1 and asked_at > now() - $2::interval returning tenant, address
"""


_UNCONFIRMED = """
select distinct a from subscriptions s, unnest(s.addresses) a where s.tenant = $1 and s.active
  and not exists (select from mail_addresses m
    where m.tenant = s.tenant and m.address = lower(a) and m.confirmed_at is not null)
order by a
"""


class MailAddresses(Repository):
    """The addresses of all subscriptions. Every method may raise RetriableError."""

    async def questions(
        self, tenant: str, actor: str, addresses: Sequence[str]
    ) -> list[tuple[str, str]]:
        """Return who is to be asked now, each with the token of the link; it counts as asked.

        Those who confirmed, or were asked lately or often enough, are not; nor is anybody once a
        tenant has asked too many.
        """
        rows = await self._database.fetch(_DUE, tenant, list(addresses), MOST_ASKED, ASK_AGAIN)
        asked: list[tuple[str, str]] = []
        for row in rows:
            try:
                await audit_throttled(self._database, QUESTIONS, tenant, actor, row["a"], {})
            except ThrottledError:
                break  # the subscription shows who was not asked
            token = new_token()
            await self._database.execute(_ASK, tenant, row["a"], token_hash(token))
            asked.append((row["a"], token))
        return asked

    async def asked(self, token: str) -> str | None:
        """Return the address that a link belongs to, None where it is over or none."""
        address: str | None = await self._database.fetchval(_ASKED, token_hash(token), LINK_LASTS)
        return address

    async def confirm(self, token: str) -> str | None:
        """Note that the owner wants these mails; returns the address, as `asked` does."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_CONFIRM, token_hash(token), LINK_LASTS)
            if row is None:
                return None
            address: str = row["address"]
            await audit(connection, row["tenant"], address, "email.confirmed", address, {})
        return address


async def unconfirmed_addresses(database: Database, tenant: str) -> list[str]:
    """Return addresses of active subscriptions whose owners have not confirmed them."""
    return [row["a"] for row in await database.fetch(_UNCONFIRMED, tenant)]
