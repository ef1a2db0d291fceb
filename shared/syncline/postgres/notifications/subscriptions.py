"""Subscriptions to alerts: who is told of what. Changes are audited; a secret is shown once."""

from __future__ import annotations

from datetime import datetime

import msgspec
from uuid6 import uuid7

from syncline.domain.errors import StaleError
from syncline.domain.notification.subscription import SubscriptionConfig
from syncline.postgres.audit.log import audit
from syncline.postgres.configuration.subscriptions import (
    GIVE_UP,
    INSERT,
    ROTATE,
    UPDATE,
    secret_scope,
    store,
)
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Connection, Queryable, Row
from syncline.postgres.database.rekey import SecretRepository, rekey_column
from syncline.postgres.database.rows import fetch_structs, mark_of, row_of, struct_of
from syncline.postgres.database.sorts import Order, Sorts, sort_column
from syncline.postgres.notifications.deliveries import (
    BOTH_SIGN,
    CONFIRMED,
    Destination,
    destination_of,
)


class SubscriptionView(msgspec.Struct, frozen=True, rename="camel"):
    """A subscription without its secret; `waiting` and `given_up` count its deliveries.

    `unconfirmed` are those of its addresses whose owners have not said yet that they want mail.
    """

    id: str
    name: str
    kind: str
    url: str | None
    addresses: list[str]
    events: list[str]
    instances: list[str]
    active: bool
    created_at: datetime
    changed_at: datetime
    rotated_at: datetime | None
    waiting: int
    given_up: int
    last_delivered_at: datetime | None
    format: str
    unconfirmed: list[str]


_VIEW = """
select s.*, coalesce(s.addresses, '{}') as addresses, d.waiting, d.given_up, d.last_delivered_at,
  array(select a from unnest(s.addresses) a where not exists (select from mail_addresses m
    where m.tenant = s.tenant and m.address = lower(a) and m.confirmed_at is not null))
    as unconfirmed
from subscriptions s left join lateral (
  select count(*) filter (where state = 'waiting') as waiting,
    count(*) filter (where state = 'given_up') as given_up,
    max((tries->-1->>'at')::timestamptz) filter (where state = 'delivered') as last_delivered_at
  from deliveries where subscription_id = s.id) d on true
where s.tenant = $1 and s.kind = $2
"""
_ONE = f"{_VIEW} and s.id = $3"
_SECRETS = f"""
select s.*, s.rotated_at > now() - $4::interval as both_sign, {CONFIRMED} from subscriptions s
where s.tenant = $1 and s.kind = $2 and s.id = $3
"""
_LOCK = """
select * from subscriptions where tenant = $1 and kind = $2 and id = $3 for update
"""


SUBSCRIPTION_SORTS = Sorts(
    {
        "name": sort_column("s.name", "name", folded=True),
        "active": sort_column("s.active::int", "active", "number"),
        "lastDeliveredAt": sort_column(
            "d.last_delivered_at", "last_delivered_at", "moment", nullable=True
        ),
        "waiting": sort_column("d.waiting", "waiting", "number"),
        "givenUp": sort_column("d.given_up", "given_up", "number"),
    },
    unique=sort_column("s.name", "name"),
    default="name",
)
BY_NAME = SUBSCRIPTION_SORTS.order()


class Subscriptions(SecretRepository):
    """A tenant's subscriptions. Every method may raise RetriableError."""

    async def page(
        self, tenant: str, kind: str, limit: int, order: Order = BY_NAME
    ) -> list[SubscriptionView]:
        """Return those of a kind in an order, from where it begins."""
        where = Conditions(tenant, kind)
        order.limit(where)
        sql = f"{_VIEW} and {where} order by {order} limit {where.bind(limit)}"
        return await fetch_structs(self._database, SubscriptionView, sql, *where.values)

    async def get(self, tenant: str, kind: str, id_: str) -> SubscriptionView:
        """Return one. Raises NotFoundError."""
        return struct_of(SubscriptionView, await _one(self._database, _ONE, tenant, kind, id_))

    async def destination(self, tenant: str, kind: str, id_: str) -> Destination:
        """Return one as a place to send to. Raises NotFoundError."""
        row = await _one(self._database, _SECRETS, tenant, kind, id_, BOTH_SIGN)
        return destination_of(row, self._keys, row["id"])

    async def create(
        self, tenant: str, actor: str, config: SubscriptionConfig, secret: str | None
    ) -> str:
        """Store a new one; return its ID. Raises ConflictError (name taken), InvalidInputError."""
        id_, medium = str(uuid7()), config.medium
        stored = secret and self._keys.encrypt({"signing": secret}, tenant, secret_scope(id_))
        async with self._database.transaction() as connection:
            await store(connection, tenant, config, INSERT, id_, tenant, medium, stored)
            await _audit(connection, tenant, actor, "created", medium, config.name)
        return id_

    async def change(
        self, tenant: str, actor: str, id_: str, config: SubscriptionConfig, seen: str | None
    ) -> None:
        """Replace what is configured; one that is switched off gives up what waits for it.

        Raises as `create`, NotFoundError; StaleError where its state is not the one that was seen.
        """
        async with self._database.transaction() as connection:
            row = await _one(connection, _LOCK, tenant, config.medium, id_)
            if seen is not None and mark_of(row["changed_at"]) != seen:
                raise StaleError("somebody changed it meanwhile: read it again")
            await store(connection, tenant, config, UPDATE, row["id"])
            if not config.active:
                await connection.execute(GIVE_UP, row["id"])
            await _audit(connection, tenant, actor, "changed", config.medium, config.name)

    async def rotate(self, tenant: str, actor: str, id_: str, secret: str) -> None:
        """Sign with a new secret, and for a day with the old one too. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            row = await _one(connection, _LOCK, tenant, "webhook", id_)
            place = secret_scope(row["id"])
            before = self._keys.decrypt(row["secret"], tenant, place)["signing"]
            stored = self._keys.encrypt({"signing": secret, "before": before}, tenant, place)
            await connection.execute(ROTATE, row["id"], stored)
            await _audit(connection, tenant, actor, "secret_rotated", "webhook", row["name"])

    async def remove(self, tenant: str, actor: str, kind: str, id_: str) -> None:
        """Remove one with its deliveries. Raises NotFoundError."""
        async with self._database.transaction() as connection:
            row = await _one(connection, _LOCK, tenant, kind, id_)
            await connection.execute("delete from subscriptions where id = $1", row["id"])
            await _audit(connection, tenant, actor, "removed", kind, row["name"])

    async def rekey(self, actor: str) -> int:
        """Encrypt every secret that is not under the first key anew; return how many there were."""
        async with self._database.transaction() as connection:
            old = await rekey_column(
                connection, self._keys, "subscriptions", "secret", secret_scope
            )
            for row in old:
                await _audit(connection, row["tenant"], actor, "rekeyed", row["kind"], row["name"])
            return len(old)


async def _audit(
    connection: Connection, tenant: str, actor: str, what: str, kind: str, name: str
) -> None:
    await audit(connection, tenant, actor, f"{kind}.{what}", name, {})


async def _one(
    database: Queryable, sql: str, tenant: str, kind: str, id_: str, *values: object
) -> Row:
    return await row_of(database, f"notification {id_[:80]!r}", sql, tenant, kind, id_, *values)
