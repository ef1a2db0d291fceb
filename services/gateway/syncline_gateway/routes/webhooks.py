"""`webhooks`: programs that are told when streams begin to fail and when they recover."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends
from pydantic import Field

from syncline.postgres.notifications.delivery_log import DeliveryView
from syncline.postgres.notifications.subscriptions import SubscriptionView
from syncline.security.signature import new_signing_secret
from syncline_gateway.requests.paging import Page, Paged
from syncline_gateway.requests.parameters import Id, IfMatch
from syncline_gateway.requests.resource import Answer, Resource
from syncline_gateway.subscriptions import (
    CallerSubscriptions,
    State,
    SubscriptionBody,
    SubscriptionTest,
    fields_of,
    state_of,
    subscriptions_of,
)

router = Resource(prefix="/webhooks", tags=["webhooks"])
WebhooksDep = Annotated[CallerSubscriptions, Depends(subscriptions_of("webhook"))]


class Webhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A webhook, and how telling it goes; never its secret.

    Attributes:
        events: run_failed, partial_success, dlq_growth; the recovery of each comes with it.
        instances: names; none means all.
        rotated_at: for 24 hours after it, the secret before signs too.
        waiting, given_up: deliveries of it.
        last_delivered_at: when something reached it last.
    """

    id: str
    name: str
    url: str
    events: list[str]
    instances: list[str]
    active: bool
    created_at: datetime
    changed_at: datetime
    rotated_at: datetime | None
    waiting: int
    given_up: int
    last_delivered_at: datetime | None


class WebhookSecret(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook with its secret, which is shown here and never again."""

    secret: str
    webhook: Webhook


class WebhookBody(SubscriptionBody):
    """A webhook as it shall be."""

    url: Annotated[str, Field(max_length=2000)]


def _webhook(view: SubscriptionView) -> Webhook:
    return Webhook(**fields_of(view, Webhook))


@router.get("")
async def list_webhooks(webhooks: WebhooksDep, paging: Paged) -> Page[Webhook]:
    """List webhooks by name."""
    page = await webhooks.page(paging)
    return Page([_webhook(view) for view in page.items], page.next)


@router.post("", status_code=201)
async def create_webhook(body: WebhookBody, webhooks: WebhooksDep) -> Answer[WebhookSecret]:
    """Make a webhook; the answer is the only place where its secret is ever shown."""
    secret = new_signing_secret()
    view = await webhooks.create(body, secret)
    shown = WebhookSecret(secret, _webhook(view))
    return Answer(shown, state_of(view) | router.location(view.id))


@router.get("/{webhook}")
async def get_webhook(webhook: Id, webhooks: WebhooksDep) -> Answer[Webhook]:
    """Show a webhook."""
    view = await webhooks.get(webhook)
    return Answer(_webhook(view), state_of(view))


@router.put("/{webhook}")
async def replace_webhook(
    webhook: Id, body: WebhookBody, webhooks: WebhooksDep, mark: IfMatch
) -> Answer[Webhook]:
    """Change a webhook. One that is switched off gives up what waits for it."""
    view = await webhooks.change(webhook, body, mark)
    return Answer(_webhook(view), state_of(view))


@router.delete("/{webhook}", status_code=204)
async def delete_webhook(webhook: Id, webhooks: WebhooksDep) -> None:
    """Remove a webhook with its deliveries."""
    await webhooks.remove(webhook)


@router.post("/{webhook}/rotate-secret")
async def rotate_webhook_secret(webhook: Id, webhooks: WebhooksDep) -> WebhookSecret:
    """Sign with a new secret, shown here alone; for 24 hours the one before signs too."""
    secret = new_signing_secret()
    return WebhookSecret(secret, _webhook(await webhooks.rotate(webhook, secret)))


@router.post("/{webhook}/test")
async def test_webhook(webhook: Id, webhooks: WebhooksDep) -> SubscriptionTest:
    """Send a signed test event now and tell what the receiver answered."""
    return await webhooks.test(webhook)


@router.get("/{webhook}/deliveries")
async def list_webhook_deliveries(
    webhook: Id, webhooks: WebhooksDep, paging: Paged, state: State = None
) -> Page[DeliveryView]:
    """List what was told to a webhook, the newest first, with every attempt."""
    return await webhooks.deliveries(webhook, state, paging)


@router.post("/{webhook}/deliveries/{delivery}/redeliver")
async def redeliver_webhook_delivery(
    webhook: Id, delivery: Id, webhooks: WebhooksDep
) -> DeliveryView:
    """Deliver something again, with the same ID; the notifier does so within seconds."""
    return await webhooks.redeliver(webhook, delivery)
