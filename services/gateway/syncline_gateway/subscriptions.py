"""What webhooks and e-mail subscriptions have in common: bodies, edits, tests, deliveries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import msgspec
from fastapi import Query
from pydantic import Field
from uuid6 import uuid7

from syncline.bootstrap.notifications import senders_of
from syncline.contracts.alerts import AlertData
from syncline.domain.notification.incident import Alert
from syncline.domain.notification.subscription import SubscriptionConfig, check_subscription
from syncline.domain.record import JsonObject
from syncline.postgres.database.rows import mark_of
from syncline.postgres.notifications.deliveries import Try
from syncline.postgres.notifications.delivery_log import DeliveryLog, DeliveryView
from syncline.postgres.notifications.subscriptions import Subscriptions, SubscriptionView
from syncline_gateway.access.caller import Caller, User
from syncline_gateway.api import Api
from syncline_gateway.requests.paging import Page, Paging, identity, words
from syncline_gateway.requests.parameters import etag
from syncline_gateway.requests.resource import Body

AlertName = Literal["run_failed", "partial_success", "dlq_growth"]
State = Annotated[
    Literal["waiting", "delivered", "given_up"] | None, Query(description="Only those.")
]
Texts = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]


def _all() -> list[AlertName]:
    return ["run_failed", "partial_success", "dlq_growth"]


class SubscriptionBody(Body):
    """What is told, and of which instances."""

    name: Annotated[str, Field(max_length=200)]
    events: Annotated[list[AlertName], Field(default_factory=_all)]
    instances: Annotated[Texts, Field(default_factory=list)]
    active: bool = True

    def config(self, kind: str) -> SubscriptionConfig:
        """Return what the database stores. Raises InvalidInputError."""
        config = msgspec.convert({"kind": kind} | self.model_dump(), SubscriptionConfig)
        check_subscription(config)
        return config


class SubscriptionTest(msgspec.Struct, frozen=True, rename="camel"):
    """What the receiver said to a test.

    Attributes:
        notification_id: `webhook-id` or `Message-ID` of the test.
        result: the attempt: whether it was taken, the status, and the answer, cut.
    """

    notification_id: str
    result: Try


class CallerSubscriptions:
    """The subscriptions of one kind, as a caller reads and changes them.

    What names a subscription raises NotFoundError where the caller's tenant has none of that ID.
    """

    def __init__(self, api: Api, caller: Caller, kind: str) -> None:
        self.api = api
        self._tenant = caller.tenant
        self._actor = caller.actor
        self._kind = kind
        self._stored = Subscriptions(api.database, api.keyring)
        self._deliveries = DeliveryLog(api.database)

    async def page(self, paging: Paging) -> Page[SubscriptionView]:
        """Return them by name."""
        (after,) = paging.key(words) or (None,)
        found = await self._stored.page(self._tenant, self._kind, paging.limit, after)
        return paging.page(found, lambda view: [view.name])

    async def get(self, id_: str) -> SubscriptionView:
        return await self._stored.get(self._tenant, self._kind, id_)

    async def create(self, body: SubscriptionBody, secret: str | None) -> SubscriptionView:
        """Store a new one. Raises InvalidInputError, ConflictError."""
        config = body.config(self._kind)
        id_ = await self._stored.create(self._tenant, self._actor, config, secret)
        return await self._stored.get(self._tenant, self._kind, id_)

    async def change(self, id_: str, body: SubscriptionBody, mark: str | None) -> SubscriptionView:
        """Store one as the body wants it.

        Args:
            mark: of the state that the change is based on; None or `*`: whichever it is.

        Raises:
            InvalidInputError, ConflictError, StaleError: as `Subscriptions.change`.
        """
        seen = None if mark == "*" else mark
        config = body.config(self._kind)
        await self._stored.change(self._tenant, self._actor, id_, config, seen)
        return await self.get(id_)

    async def remove(self, id_: str) -> None:
        await self._stored.remove(self._tenant, self._actor, self._kind, id_)

    async def rotate(self, id_: str, secret: str) -> SubscriptionView:
        """Sign with a new secret from now on."""
        await self._stored.rotate(self._tenant, self._actor, id_, secret)
        return await self.get(id_)

    async def test(self, id_: str) -> SubscriptionTest:
        """Send a test and wait for its answer."""
        destination = await self._stored.destination(self._tenant, self._kind, id_)
        clock = self.api.clock
        senders = senders_of(self.api.settings, clock)
        notification = str(uuid7())
        data = AlertData(alert=str(Alert.TEST), tenant=self._tenant)
        try:
            attempt = await senders.send(destination, notification, clock.now(), data)
        finally:
            await senders.close()
        return SubscriptionTest(notification, attempt.entry)

    async def deliveries(self, id_: str, state: str | None, paging: Paging) -> Page[DeliveryView]:
        """Return what was told to one, the newest first."""
        await self.get(id_)
        (after,) = paging.key(identity) or (None,)
        found = await self._deliveries.page(self._tenant, id_, state, paging.limit, after)
        return paging.page(found, lambda view: [view.notification_id])

    async def redeliver(self, id_: str, delivery: str) -> DeliveryView:
        """Deliver something again. Raises ConflictError."""
        await self.get(id_)
        await self._deliveries.redeliver(self._tenant, self._actor, id_, delivery)
        return await self._deliveries.get(self._tenant, id_, delivery)


def subscriptions_of(kind: str) -> Callable[..., Awaitable[CallerSubscriptions]]:
    """Return the dependency that gives a caller's subscriptions of a kind."""

    async def subscriptions(caller: User, api: Api) -> CallerSubscriptions:
        return CallerSubscriptions(api, caller, kind)

    return subscriptions


def state_of(view: SubscriptionView) -> dict[str, str]:
    """Return the header that tells a subscription's state."""
    return etag(mark_of(view.changed_at))


def fields_of(view: SubscriptionView, shown: type[msgspec.Struct]) -> JsonObject:
    """Return the fields of a view that a struct shows too."""
    return {n: getattr(view, n) for n in shown.__struct_fields__ if hasattr(view, n)}
