"""Deliveries that are due: each is leased to one process, and its attempts are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from syncline.contracts.alerts import AlertData
from syncline.domain.errors import SynclineError
from syncline.postgres.configuration.subscriptions import secret_scope
from syncline.postgres.database.database import Row
from syncline.postgres.database.rekey import SecretRepository
from syncline.postgres.database.rows import struct_of
from syncline.security.secrets import Keyring

KEPT_TRIES = 30
"""Of one delivery; the newest."""
BOTH_SIGN = timedelta(hours=24)
"""How long the previous secret signs beside the one that replaced it."""


class Destination(msgspec.Struct, frozen=True):
    """Where a notification goes; the secrets that sign it, newest first, or why there are none."""

    id: str
    tenant: str
    name: str
    kind: str
    url: str | None = None
    addresses: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()
    broken: str | None = None
    format: str = "cloudevents"


class Try(msgspec.Struct, frozen=True, rename="camel"):
    """One attempt: `status` is HTTP's or SMTP's, `answer` what the other side said, cut."""

    at: datetime
    ok: bool
    status: int | None
    answer: str
    seconds: float


class Due(msgspec.Struct, frozen=True):
    """A delivery that this process holds; `attempts` were made before."""

    id: str
    holder: str
    destination: Destination
    notification: str
    at: datetime
    data: AlertData
    attempts: int
    tries: Sequence[Any]


CONFIRMED = """
(select array_agg(a) from unnest(s.addresses) a join mail_addresses m
  on m.tenant = s.tenant and m.address = lower(a) where m.confirmed_at is not null) as addresses
""".strip()
"""The addresses of a subscription `s` that may be written to."""
_CLAIM = f"""
with due as (
  select d.id from deliveries d join subscriptions s on s.id = d.subscription_id
  where d.state = 'waiting' and d.next_at <= now() and s.active
  order by d.next_at limit $1 for update of d skip locked)
update deliveries d set holder = $2, next_at = now() + $3::interval
from due, subscriptions s, notifications n
where d.id = due.id and s.id = d.subscription_id and n.id = d.notification_id
returning d.id, d.holder, d.attempts, d.tries, n.id as notification, n.at, n.data,
  s.id as subscription, s.tenant, s.name, s.kind, s.url, s.format, s.secret, {CONFIRMED},
  s.rotated_at > now() - $4::interval as both_sign
"""
_NOTE = """
update deliveries set tries = $3, attempts = $4, state = $5, holder = null,
  next_at = now() + make_interval(secs => $6) where id = $1 and holder = $2
"""


class Deliveries(SecretRepository):
    """The outbox. Every method may raise RetriableError."""

    async def claim(self, limit: int, lease: float) -> list[Due]:
        """Lease deliveries that are due; other processes leave them alone for `lease` seconds."""
        held = timedelta(seconds=lease)
        rows = await self._database.fetch(_CLAIM, limit, str(uuid4()), held, BOTH_SIGN)
        return [
            struct_of(Due, row, destination=destination_of(row, self._keys, row["subscription"]))
            for row in rows
        ]

    async def note(self, due: Due, tried: Try, again_in: float | None, *, final: str) -> bool:
        """Store the result of an attempt, unless another process has taken the delivery over.

        The next attempt is in `again_in` seconds; with None the delivery gets its `final` state.
        """
        tries = [*due.tries, msgspec.to_builtins(tried)][-KEPT_TRIES:]
        state = final if again_in is None else "waiting"
        values = (tries, due.attempts + 1, state, again_in)
        return bool(await self._database.execute(_NOTE, due.id, due.holder, *values))

    async def waiting(self) -> int:
        """Count what is still to be delivered, of the whole installation."""
        count: int = await self._database.fetchval(
            "select count(*) from deliveries where state = 'waiting'"
        )
        return count


def destination_of(row: Row, keys: Keyring, id_: str) -> Destination:
    """Return a subscription as a place to send to, its secrets decrypted."""
    signing: tuple[str, ...] = ()
    broken = None
    try:
        if row["secret"] is not None:
            secrets = keys.decrypt(row["secret"], row["tenant"], secret_scope(id_))
            before = [secrets["before"]] if row["both_sign"] and "before" in secrets else []
            signing = (secrets["signing"], *before)
    except SynclineError as error:
        broken = str(error)
    addresses = row["addresses"] or ()
    return struct_of(Destination, row, id=id_, addresses=addresses, signing=signing, broken=broken)
