"""What webhooks and e-mail subscriptions have in common: bodies, edits, tests, deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec
from fastapi import Depends, Path, Query
from pydantic import Field
from uuid6 import uuid7

from syncline.bootstrap.notifications import senders_of
from syncline.contracts.alerts import AlertData
from syncline.domain.notification.incident import Alert
from syncline.domain.notification.subscription import ALERTS, Events, Name, SubscriptionConfig
from syncline.domain.record import JsonObject
from syncline.postgres.audit.throttle import AuditThrottle, audit_throttled
from syncline.postgres.database.rows import mark_of
from syncline.postgres.notifications.deliveries import Try
from syncline.postgres.notifications.delivery_log import DeliveryLog, DeliveryView
from syncline.postgres.notifications.mail_addresses import MailAddresses
from syncline.postgres.notifications.subscriptions import (
    SUBSCRIPTION_SORTS,
    Subscriptions,
    SubscriptionView,
)
from syncline_gateway.access.caller import Caller, Subscriber
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import Id, Page, Paged, etag, identity
from syncline_gateway.requests.resource import BASE, Body, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

TESTS = {
    kind: AuditThrottle(f"{kind}.tested", 10, timedelta(minutes=10))
    for kind in ("webhook", "email")
}
S = TypeVar("S", bound="ShownSubscription")
State = Annotated[
    Literal["waiting", "delivered", "given_up"] | None, Query(description="Only those.")
]
PartOfSubscriptions = Annotated[SortedPart, Depends(part_of(SUBSCRIPTION_SORTS))]
Texts = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]


class SubscriptionBody(Body):
    """What is told, and of which instances."""

    name: Name
    events: Annotated[Events, Field(default_factory=lambda: ALERTS)]
    instances: Annotated[Texts, Field(default_factory=list)]
    active: bool = True

    def config(self) -> SubscriptionConfig:
        """Return what the database stores."""
        return msgspec.convert(self.model_dump(), SubscriptionConfig)


class SubscriptionTest(msgspec.Struct, frozen=True, rename="camel"):
    """What the receiver said to a test: whether it took it, the status, and the answer, cut.

    `notificationId` is the test's `webhook-id` or `Message-ID`.
    """

    notification_id: str
    result: Try


class ShownSubscription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What webhooks and e-mail subscriptions show.

    Attributes:
        events: run_failed, partial_success, dlq_growth, schedule_missed, `not_synced:24` (hours),
            `profile_waiting:15` (minutes); the recovery of each comes with it.
        instances: names; none means all.
        waiting, given_up: deliveries of it.
        last_delivered_at: when something reached the receiver last.
    """

    id: str
    name: str
    events: list[str]
    instances: list[str]
    active: bool
    created_at: datetime
    changed_at: datetime
    waiting: int
    given_up: int
    last_delivered_at: datetime | None


class CallerSubscriptions:
    """The subscriptions of one kind in the caller's tenant. Unknown IDs raise NotFoundError."""

    def __init__(self, api: Api, caller: Caller, kind: str) -> None:
        self.api = api
        self.tenant = caller.tenant
        self.actor = caller.actor
        self._kind = kind
        self.stored = Subscriptions(api.database, api.keyring)
        self.log = DeliveryLog(api.database)

    async def page(self, part: SortedPart) -> Page[SubscriptionView]:
        """Return some of them."""
        return part.page(await self.stored.page(self.tenant, self._kind, part.limit, part.order))

    async def get(self, id_: str) -> SubscriptionView:
        return await self.stored.get(self.tenant, self._kind, id_)

    async def create(self, body: SubscriptionBody, secret: str | None = None) -> SubscriptionView:
        """Store a new one. Raises InvalidInputError, ConflictError."""
        config = body.config()
        return await self.get(await self.stored.create(self.tenant, self.actor, config, secret))

    async def change(self, id_: str, body: SubscriptionBody, mark: str | None) -> SubscriptionView:
        """Store one as the body wants it; a `mark` other than `*` must be that of its state."""
        seen = None if mark == "*" else mark
        config = body.config()
        await self.stored.change(self.tenant, self.actor, id_, config, seen)
        return await self.get(id_)

    async def rotate(self, id_: str, secret: str) -> SubscriptionView:
        """Sign with a new secret from now on."""
        await self.stored.rotate(self.tenant, self.actor, id_, secret)
        return await self.get(id_)

    async def ask(self, view: SubscriptionView) -> None:
        """Ask the owners of its addresses who have not confirmed them, each only so often."""
        if not view.unconfirmed or not self.api.settings.smtp_host:
            return
        addresses = MailAddresses(self.api.database)
        questions = await addresses.questions(self.tenant, self.actor, view.unconfirmed)
        senders = senders_of(self.api.settings, self.api.clock)
        base = f"{self.api.settings.console_url()}{BASE}/email-confirmations"
        try:
            async with asyncio.TaskGroup() as group:
                for address, token in questions:
                    link = f"{base}/{token}"
                    group.create_task(senders.ask(address, str(uuid7()), self.tenant, link))
        finally:
            await senders.close()

    async def test(self, id_: str) -> SubscriptionTest:
        """Send a test and wait for its answer."""
        view = await self.get(id_)
        throttle = TESTS[self._kind]
        await audit_throttled(self.api.database, throttle, self.tenant, self.actor, view.name, {})
        await self.ask(view)
        destination = await self.stored.destination(self.tenant, self._kind, id_)
        clock, notification = self.api.clock, str(uuid7())
        senders = senders_of(self.api.settings, clock)
        data = AlertData(alert=str(Alert.TEST), tenant=self.tenant)
        try:
            attempt = await senders.send(destination, notification, clock.now(), data)
        finally:
            await senders.close()
        return SubscriptionTest(notification, attempt.entry)


def subscriptions_of(kind: str) -> Callable[..., Awaitable[CallerSubscriptions]]:
    """Return the dependency that gives a caller's subscriptions of a kind."""

    async def subscriptions(caller: Subscriber, api: Api) -> CallerSubscriptions:
        return CallerSubscriptions(api, caller, kind)

    return subscriptions


def add_delivery_routes(router: Resource, kind: str, noun: str, parameter: str) -> None:
    """Add the routes that webhooks and e-mail subscriptions share.

    `noun` is in the names of the operations, `parameter` names the ID in the addresses.
    """
    depends, path, one = Depends(subscriptions_of(kind)), Path(alias=parameter), f"/{{{parameter}}}"

    @router.delete(one, status_code=204, name=f"delete_{noun}")
    async def remove(mine: CallerSubscriptions = depends, id_: UUID = path) -> None:
        """Remove it with its deliveries."""
        await mine.stored.remove(mine.tenant, mine.actor, kind, str(id_))

    @router.post(f"{one}/test", name=f"test_{noun}")
    async def test(mine: CallerSubscriptions = depends, id_: UUID = path) -> SubscriptionTest:
        """Send a test now and tell what the receiver answered; a webhook's is signed."""
        return await mine.test(str(id_))

    @router.get(f"{one}/deliveries", name=f"list_{noun}_deliveries")
    async def deliveries(
        paging: Paged, state: State = None, mine: CallerSubscriptions = depends, id_: UUID = path
    ) -> Page[DeliveryView]:
        """List what was sent, the newest first, with every attempt."""
        view = await mine.get(str(id_))
        (after,) = paging.key(identity) or (None,)
        found = await mine.log.page(mine.tenant, view.id, state, paging.limit, after)
        return paging.page(found, lambda delivery: [delivery.notification_id])

    @router.post(f"{one}/deliveries/{{delivery}}/redeliver", name=f"redeliver_{noun}_delivery")
    async def redeliver(
        delivery: Id, mine: CallerSubscriptions = depends, id_: UUID = path
    ) -> DeliveryView:
        """Send something again, with the same ID; the notifier does so within seconds."""
        view = await mine.get(str(id_))
        await mine.log.redeliver(mine.tenant, mine.actor, view.id, delivery)
        return await mine.log.get(mine.tenant, view.id, delivery)


def state_of(view: SubscriptionView) -> dict[str, str]:
    """Return the header that tells a subscription's state."""
    return etag(mark_of(view.changed_at))


def shown_as(kind: type[S], view: SubscriptionView, **more: object) -> S:
    """Show a subscription with those of its fields that a kind has, and more."""
    values: JsonObject = msgspec.structs.asdict(view) | more
    return kind(**{name: values[name] for name in kind.__struct_fields__})
