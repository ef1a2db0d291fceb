"""`email-subscriptions`: people who are told when streams begin to fail and when they recover."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends
from pydantic import Field

from syncline.actions.notifications.email import NOT_CONFIGURED
from syncline.postgres.notifications.delivery_log import DeliveryView
from syncline.postgres.notifications.subscriptions import SubscriptionView
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

router = Resource(prefix="/email-subscriptions", tags=["email-subscriptions"])
EmailDep = Annotated[CallerSubscriptions, Depends(subscriptions_of("email"))]


class EmailSubscription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who gets e-mail, and how that goes.

    Attributes:
        addresses: one mail goes to all of them.
        events: run_failed, partial_success, dlq_growth; the recovery of each comes with it.
        instances: names; none means all.
        warning: why no mail can leave this installation; null when one can.
        waiting, given_up: deliveries of it.
        last_delivered_at: when the mail server took one last.
    """

    id: str
    name: str
    addresses: list[str]
    events: list[str]
    instances: list[str]
    active: bool
    warning: str | None
    created_at: datetime
    changed_at: datetime
    waiting: int
    given_up: int
    last_delivered_at: datetime | None


class EmailBody(SubscriptionBody):
    """Who shall get e-mail."""

    addresses: Annotated[list[Annotated[str, Field(max_length=320)]], Field(max_length=100)]


def _shown(email: CallerSubscriptions, view: SubscriptionView) -> EmailSubscription:
    warning = None if email.api.settings.smtp_host else NOT_CONFIGURED
    return EmailSubscription(warning=warning, **fields_of(view, EmailSubscription))


@router.get("")
async def list_email_subscriptions(email: EmailDep, paging: Paged) -> Page[EmailSubscription]:
    """List e-mail subscriptions by name."""
    page = await email.page(paging)
    return Page([_shown(email, view) for view in page.items], page.next)


@router.post("", status_code=201)
async def create_email_subscription(body: EmailBody, email: EmailDep) -> Answer[EmailSubscription]:
    """Make an e-mail subscription."""
    view = await email.create(body, None)
    return Answer(_shown(email, view), state_of(view) | router.location(view.id))


@router.get("/{subscription}")
async def get_email_subscription(subscription: Id, email: EmailDep) -> Answer[EmailSubscription]:
    """Show an e-mail subscription."""
    view = await email.get(subscription)
    return Answer(_shown(email, view), state_of(view))


@router.put("/{subscription}")
async def replace_email_subscription(
    subscription: Id, body: EmailBody, email: EmailDep, mark: IfMatch
) -> Answer[EmailSubscription]:
    """Change an e-mail subscription. One that is switched off gives up what waits for it."""
    view = await email.change(subscription, body, mark)
    return Answer(_shown(email, view), state_of(view))


@router.delete("/{subscription}", status_code=204)
async def delete_email_subscription(subscription: Id, email: EmailDep) -> None:
    """Remove an e-mail subscription with its deliveries."""
    await email.remove(subscription)


@router.post("/{subscription}/test")
async def test_email_subscription(subscription: Id, email: EmailDep) -> SubscriptionTest:
    """Send a test mail now and tell what the mail server answered."""
    return await email.test(subscription)


@router.get("/{subscription}/deliveries")
async def list_email_subscription_deliveries(
    subscription: Id, email: EmailDep, paging: Paged, state: State = None
) -> Page[DeliveryView]:
    """List what was sent, the newest first, with every attempt."""
    return await email.deliveries(subscription, state, paging)


@router.post("/{subscription}/deliveries/{delivery}/redeliver")
async def redeliver_email_subscription_delivery(
    subscription: Id, delivery: Id, email: EmailDep
) -> DeliveryView:
    """Send a mail again, with the same Message-ID; the notifier does so within seconds."""
    return await email.redeliver(subscription, delivery)
