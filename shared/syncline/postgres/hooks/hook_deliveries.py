"""Deliveries to hooks: stored by one statement, so that what was answered with 202 is durable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from uuid6 import uuid7

from syncline.postgres.database.database import Repository

# A delivery whose digest is there already changes nothing.
_STORE = """
with delivery as (
  insert into hook_deliveries (id, hook_id, tenant, digest, size, ignored)
  values ($1, $2, $3, $4, $5, $6) on conflict (hook_id, digest) do nothing returning id
), body as (
  insert into hook_bodies (delivery_id, tenant, body)
  select id, $3, $7::bytea from delivery where $7::bytea is not null
), changes as (
  insert into hook_changes (delivery_id, source_id, hook_id, tenant)
  select id, c.source_id, $2, $3 from delivery, unnest($8::text[]) as c (source_id)
)
select count(*) from delivery
"""


class NewDelivery(msgspec.Struct, frozen=True):
    """What a hook received.

    Attributes:
        digest: what repeats of it have in common; None: every one counts.
        body: None if it is not kept.
        ignored: why nothing comes of it; None where it names records.
    """

    hook: str
    tenant: str
    digest: bytes | None
    size: int
    body: bytes | None
    source_ids: Sequence[str] = ()
    ignored: str | None = None


class HookDeliveries(Repository):
    """Every method may raise RetriableError."""

    async def store(self, delivery: NewDelivery) -> bool:
        """Store a delivery with the records that it names; False: it is there already."""
        d = delivery
        what = (d.size, d.ignored, d.body, list(d.source_ids))
        values = (str(uuid7()), d.hook, d.tenant, d.digest, *what)
        return bool(await self._database.fetchval(_STORE, *values))


def delivery_digest(delivery_id: str | None, document: bytes) -> bytes | None:
    """Return what repeats of a delivery have in common; None where the sender names none.

    The document is part of it: WooCommerce gives all deliveries of a second one ID.
    """
    if not delivery_id:
        return None
    return hashlib.blake2b(delivery_id.encode() + b"\0" + document, digest_size=16).digest()
