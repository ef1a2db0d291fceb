"""`email-subscriptions`: people who are told when streams begin to fail and when they recover."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from syncline.actions.notifications.email import NOT_CONFIGURED
from syncline.domain.notification.subscription import Addresses
from syncline.postgres.notifications.subscriptions import SubscriptionView
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

router = Resource(prefix="/email-subscriptions", tags=["email-subscriptions"])
EmailDep = Annotated[CallerSubscriptions, Depends(subscriptions_of("email"))]


_UNCONFIRMED = (
    "not confirmed yet, so nothing is sent there. The owner was asked by e-mail; a test asks "
    "again, at most once an hour"
)


class EmailSubscription(ShownSubscription, frozen=True, kw_only=True, rename="camel"):
    """Who gets e-mail, one mail to all addresses, and how that goes.

    `warning` says why no mail can leave this installation, or which addresses are not confirmed.
    """

    addresses: list[str]
    warning: str | None


class EmailBody(SubscriptionBody):
    """Who shall get e-mail."""

    addresses: Addresses


add_delivery_routes(router, "email", "email_subscription", "subscription")


def _shown(email: CallerSubscriptions, view: SubscriptionView) -> EmailSubscription:
    warning = None if email.api.settings.smtp_host else NOT_CONFIGURED
    if warning is None and view.unconfirmed:
        warning = f"{', '.join(view.unconfirmed)}: {_UNCONFIRMED}"
    return shown_as(EmailSubscription, view, warning=warning)


@router.get("")
async def list_email_subscriptions(
    email: EmailDep, part: PartOfSubscriptions
) -> Page[EmailSubscription]:
    """List e-mail subscriptions by name where no other order is wanted."""
    page = await email.page(part)
    return Page([_shown(email, view) for view in page.items], page.next)


@router.post("", status_code=201)
async def create_email_subscription(
    body: EmailBody, email: EmailDep
) -> Answered[EmailSubscription]:
    """Make an e-mail subscription."""
    view = await email.create(body)
    await email.ask(view)
    return Answered(_shown(email, view), state_of(view) | router.location(view.id))


@router.get("/{subscription}")
async def get_email_subscription(subscription: Id, email: EmailDep) -> Answered[EmailSubscription]:
    """Show an e-mail subscription."""
    view = await email.get(subscription)
    return Answered(_shown(email, view), state_of(view))


@router.put("/{subscription}")
async def replace_email_subscription(
    subscription: Id, body: EmailBody, email: EmailDep, mark: IfMatch
) -> Answered[EmailSubscription]:
    """Change an e-mail subscription. One that is switched off gives up what waits for it."""
    view = await email.change(subscription, body, mark)
    await email.ask(view)
    return Answered(_shown(email, view), state_of(view))
