"""Deliveries as people see them: what a subscription was sent and how that went; redelivery."""

from __future__ import annotations

from datetime import datetime

import msgspec

from syncline.domain.errors import ConflictError
from syncline.postgres.audit.log import audit
from syncline.postgres.database.conditions import Conditions
from syncline.postgres.database.database import Repository
from syncline.postgres.database.rows import fetch_structs, row_of, struct_of
from syncline.postgres.notifications.deliveries import Try


class DeliveryView(msgspec.Struct, frozen=True, rename="camel"):
    """A notification on its way to a subscription, or there.

    Attributes:
        notification_id: what the receiver knows it by: `webhook-id`, `Message-ID`.
        alert: see contracts.alerts.AlertData.
        at: when that happened.
        state: waiting, delivered or given_up.
        next_at: when it is tried again.
        tries: every attempt, the newest 30, oldest first.
    """

    id: str
    notification_id: str
    alert: str
    instance: str
    entity_type: str | None
    correlation_id: str | None
    at: datetime
    state: str
    attempts: int
    next_at: datetime | None
    tries: list[Try]


_VIEW = """
select d.id, d.notification_id, n.event as alert, n.instance, n.at, d.state, d.attempts, d.tries,
  nullif(n.entity_type, '') as entity_type, n.data->>'correlationId' as correlation_id,
  case when d.state = 'waiting' then d.next_at end as next_at
from deliveries d join notifications n on n.id = d.notification_id
where d.tenant = $1 and d.subscription_id = $2
"""
_LOCK = """
select s.name, s.kind, s.active, d.holder is not null and d.next_at > now() as held
from deliveries d join subscriptions s on s.id = d.subscription_id
where d.tenant = $1 and d.subscription_id = $2 and d.id = $3 for update of d
"""
_AGAIN = """
update deliveries set state = 'waiting', attempts = 0, next_at = now(), holder = null where id = $1
"""


class DeliveryLog(Repository):
    """The deliveries of a tenant's subscriptions."""

    async def page(
        self, tenant: str, subscription: str, state: str | None, limit: int, after: str | None
    ) -> list[DeliveryView]:
        """Return those of a subscription, the newest first; those behind a notification's ID."""
        where = Conditions(tenant, subscription)
        where.add("d.state = {}", state)
        where.add("d.notification_id < {}", after)
        limited = f"order by d.notification_id desc limit {where.bind(limit)}"
        return await fetch_structs(
            self._database, DeliveryView, f"{_VIEW} and {where} {limited}", *where.values
        )

    async def get(self, tenant: str, subscription: str, delivery: str) -> DeliveryView:
        """Return one. Raises NotFoundError."""
        values = (f"{_VIEW} and d.id = $3", tenant, subscription, delivery)
        row = await row_of(self._database, f"delivery {delivery}", *values)
        return struct_of(DeliveryView, row)

    async def redeliver(self, tenant: str, actor: str, subscription: str, delivery: str) -> None:
        """Deliver again under the same ID. Raises NotFoundError; ConflictError: off or in use."""
        async with self._database.transaction() as connection:
            values = (tenant, subscription, delivery)
            row = await row_of(connection, f"delivery {delivery}", _LOCK, *values)
            if not row["active"]:
                raise ConflictError(f"{row['name']} is switched off: switch it on first")
            if row["held"]:
                raise ConflictError("it is being sent right now: look again in a moment")
            await connection.execute(_AGAIN, delivery)
            action = f"{row['kind']}.redelivered"
            await audit(connection, tenant, actor, action, row["name"], {"delivery": delivery})
