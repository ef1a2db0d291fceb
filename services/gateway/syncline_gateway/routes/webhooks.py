"""`webhooks`: programs that are told when streams begin to fail and when they recover."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends

from syncline.domain.notification.subscription import Format, Url
from syncline.security.signature import new_signing_secret
from syncline_gateway.requests.parameters import Id, IfMatch, Page
from syncline_gateway.requests.resource import Answered, Resource
from syncline_gateway.subscriptions import (
    CallerSubscriptions,
    PartOfSubscriptions,
    ShownSubscription,
    SubscriptionBody,
    add_delivery_routes,
    shown_as,
    state_of,
    subscriptions_of,
)

router = Resource(prefix="/webhooks", tags=["webhooks"])
WebhooksDep = Annotated[CallerSubscriptions, Depends(subscriptions_of("webhook"))]


class Webhook(ShownSubscription, frozen=True, kw_only=True, rename="camel"):
    """A webhook, and how telling it goes; never its secret. `rotatedAt`: a day long both sign.

    `format`: what is sent there: a signed CloudEvent, or a message of Slack or Teams.
    """

    url: str
    format: Format
    rotated_at: datetime | None


class WebhookSecret(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook with its secret, which is shown here and never again."""

    secret: str
    webhook: Webhook


class WebhookBody(SubscriptionBody):
    """A webhook as it shall be."""

    url: Url
    format: Format = "cloudevents"


add_delivery_routes(router, "webhook", "webhook", "webhook")


@router.get("")
async def list_webhooks(webhooks: WebhooksDep, part: PartOfSubscriptions) -> Page[Webhook]:
    """List webhooks by name where no other order is wanted."""
    page = await webhooks.page(part)
    return Page([shown_as(Webhook, view) for view in page.items], page.next)


@router.post("", status_code=201)
async def create_webhook(body: WebhookBody, webhooks: WebhooksDep) -> Answered[WebhookSecret]:
    """Make a webhook; the answer is the only place where its secret is ever shown."""
    secret = new_signing_secret()
    view = await webhooks.create(body, secret)
    shown = WebhookSecret(secret, shown_as(Webhook, view))
    return Answered(shown, state_of(view) | router.location(view.id))


@router.get("/{webhook}")
async def get_webhook(webhook: Id, webhooks: WebhooksDep) -> Answered[Webhook]:
    """Show a webhook."""
    view = await webhooks.get(webhook)
    return Answered(shown_as(Webhook, view), state_of(view))


@router.put("/{webhook}")
async def replace_webhook(
    webhook: Id, body: WebhookBody, webhooks: WebhooksDep, mark: IfMatch
) -> Answered[Webhook]:
    """Change a webhook. One that is switched off gives up what waits for it."""
    view = await webhooks.change(webhook, body, mark)
    return Answered(shown_as(Webhook, view), state_of(view))


@router.post("/{webhook}/rotate-secret")
async def rotate_webhook_secret(webhook: Id, webhooks: WebhooksDep) -> WebhookSecret:
    """Sign with a new secret, shown here alone; for 24 hours the one before signs too."""
    secret = new_signing_secret()
    return WebhookSecret(secret, shown_as(Webhook, await webhooks.rotate(webhook, secret)))
