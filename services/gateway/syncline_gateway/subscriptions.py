"""What webhooks and e-mail subscriptions have in common: bodies, tests, deliveries."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import Field
from uuid6 import uuid7

from syncline.bootstrap.notifications import senders_of
from syncline.contracts.alerts import AlertData
from syncline.domain.notification.alert import Alert
from syncline.postgres.notifications.deliveries import Try
from syncline.postgres.notifications.delivery_log import DeliveryView, DeliveryViews
from syncline.postgres.notifications.subscriptions import Subscriptions
from syncline_gateway.access.caller import Caller
from syncline_gateway.parts import Parts
from syncline_gateway.requests.answers import Page
from syncline_gateway.requests.bodies import Body
from syncline_gateway.requests.paging import Paging, identity

AlertName = Literal["run_failed", "partial_success", "dlq_growth"]
State = Annotated[
    Literal["waiting", "delivered", "given_up"] | None, Query(description="Only those.")
]
Texts = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]


def _all() -> list[AlertName]:
    return ["run_failed", "partial_success", "dlq_growth"]


class Subscribed(Body):
    """What is told, and of which instances."""

    name: Annotated[str, Field(max_length=200)]
    events: Annotated[list[AlertName], Field(default_factory=_all)]
    instances: Annotated[Texts, Field(default_factory=list)]
    active: bool = True


class Tested(msgspec.Struct, frozen=True, rename="camel"):
    """What the receiver said to a test.

    Attributes:
        notification_id: `webhook-id` or `Message-ID` of the test.
        result: the attempt: whether it was taken, the status, and the answer, cut.
    """

    notification_id: str
    result: Try


def stored(parts: Parts) -> Subscriptions:
    """Return the store of subscriptions."""
    return Subscriptions(parts.database, parts.keyring)


def mark_in(if_match: str | None) -> str | None:
    """Return the mark of the state that an edit is based on; None: whichever it is."""
    mark = (if_match or "*").strip().removeprefix("W/").strip('"')
    return None if mark == "*" else mark


async def tested(parts: Parts, caller: Caller, kind: str, id_: UUID) -> Tested:
    """Send a test to a subscription and wait for its answer. Raises NotFoundError."""
    target = await stored(parts).target(caller.tenant, kind, str(id_))
    senders = senders_of(parts.settings, parts.clock)
    notification = str(uuid7())
    data = AlertData(alert=str(Alert.TEST), tenant=caller.tenant)
    try:
        tried = await senders.send(target, notification, parts.clock.now(), data)
    finally:
        await senders.close()
    return Tested(notification, tried.entry)


async def deliveries(
    parts: Parts, caller: Caller, kind: str, id_: UUID, state: str | None, paging: Paging
) -> Page[DeliveryView]:
    """Return deliveries of a subscription. Raises NotFoundError."""
    await stored(parts).get(caller.tenant, kind, str(id_))
    (after,) = paging.key(identity) or (None,)
    views = DeliveryViews(parts.database)
    found = await views.page(caller.tenant, str(id_), state, paging.limit + 1, after)
    return paging.page(found, lambda view: [view.notification_id])


async def redelivered(
    parts: Parts, caller: Caller, kind: str, id_: UUID, delivery: UUID
) -> DeliveryView:
    """Deliver something again. Raises NotFoundError, ConflictError."""
    await stored(parts).get(caller.tenant, kind, str(id_))
    views = DeliveryViews(parts.database)
    await views.redeliver(caller.tenant, caller.actor, str(id_), str(delivery))
    return await views.get(caller.tenant, str(id_), str(delivery))


def shared_of(view: Any) -> dict[str, Any]:  # noqa: ANN401 - a subscription view
    """Return the fields that both kinds show."""
    hidden = ("kind", "url", "addresses")
    return {n: getattr(view, n) for n in view.__struct_fields__ if n not in hidden}
