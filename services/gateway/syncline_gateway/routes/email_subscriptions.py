"""`email-subscriptions`: people who are told when streams begin to fail and when they recover."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Response
from pydantic import Field

from syncline.actions.notifications.email import NOT_CONFIGURED
from syncline.domain.notification.subscription import SubscriptionConfig, check_subscription
from syncline.postgres.notifications.delivery_log import DeliveryView
from syncline.postgres.notifications.subscriptions import SubscriptionView, mark_of
from syncline_gateway.access.caller import User
from syncline_gateway.edits import IfMatch, tagged
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import Page, answer, nothing, returns
from syncline_gateway.requests.paging import Paged, words
from syncline_gateway.subscriptions import (
    State,
    Subscribed,
    Tested,
    deliveries,
    mark_in,
    redelivered,
    shared_of,
    stored,
    tested,
)

router = APIRouter(prefix="/email-subscriptions", tags=["email-subscriptions"])
KIND = "email"


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


class EmailBody(Subscribed):
    """Who shall get e-mail."""

    addresses: Annotated[list[Annotated[str, Field(max_length=320)]], Field(max_length=100)]


def _shown(parts: Parts, view: SubscriptionView) -> EmailSubscription:
    fields = shared_of(view)
    del fields["rotated_at"]
    warning = None if parts.settings.smtp_host else NOT_CONFIGURED
    return EmailSubscription(addresses=view.addresses, warning=warning, **fields)


def _config(body: EmailBody) -> SubscriptionConfig:
    config = SubscriptionConfig(
        name=body.name,
        kind=KIND,
        events=tuple(body.events),
        addresses=tuple(body.addresses),
        instances=tuple(body.instances),
        active=body.active,
    )
    check_subscription(config)
    return config


@router.get("", responses=returns(Page[EmailSubscription]))
async def list_(caller: User, parts: Needs, paging: Paged) -> Any:  # noqa: ANN401
    """List e-mail subscriptions by name."""
    (after,) = paging.key(words) or (None,)
    found = await stored(parts).page(caller.tenant, KIND, paging.limit + 1, after)
    return answer(paging.page([_shown(parts, view) for view in found], lambda one: [one.name]))


@router.post("", status_code=201, responses=returns(EmailSubscription, 201))
async def create(body: EmailBody, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Make an e-mail subscription."""
    store = stored(parts)
    id_ = await store.create(caller.tenant, caller.actor, _config(body), None)
    view = await store.get(caller.tenant, KIND, id_)
    headers = tagged(mark_of(view.changed_at), f"/api/v1/email-subscriptions/{id_}")
    return answer(_shown(parts, view), 201, headers)


@router.get("/{subscription}", responses=returns(EmailSubscription))
async def show(subscription: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Show an e-mail subscription."""
    view = await stored(parts).get(caller.tenant, KIND, str(subscription))
    return answer(_shown(parts, view), headers=tagged(mark_of(view.changed_at)))


@router.put("/{subscription}", responses=returns(EmailSubscription))
async def change(
    subscription: UUID, body: EmailBody, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Change an e-mail subscription. One that is switched off gives up what waits for it."""
    store, seen = stored(parts), mark_in(if_match)
    await store.change(caller.tenant, caller.actor, str(subscription), _config(body), seen)
    view = await store.get(caller.tenant, KIND, str(subscription))
    return answer(_shown(parts, view), headers=tagged(mark_of(view.changed_at)))


@router.delete("/{subscription}", status_code=204)
async def remove(subscription: UUID, caller: User, parts: Needs) -> Response:
    """Remove an e-mail subscription with its deliveries."""
    await stored(parts).remove(caller.tenant, caller.actor, KIND, str(subscription))
    return nothing()


@router.post("/{subscription}/test", responses=returns(Tested))
async def test(subscription: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Send a test mail now and tell what the mail server answered."""
    return answer(await tested(parts, caller, KIND, subscription))


@router.get("/{subscription}/deliveries", responses=returns(Page[DeliveryView]))
async def list_deliveries(
    subscription: UUID, caller: User, parts: Needs, paging: Paged, state: State = None
) -> Any:  # noqa: ANN401
    """List what was sent, the newest first, with every attempt."""
    return answer(await deliveries(parts, caller, KIND, subscription, state, paging))


@router.post("/{subscription}/deliveries/{delivery}/redeliver", responses=returns(DeliveryView))
async def redeliver(subscription: UUID, delivery: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Send a mail again, with the same Message-ID; the notifier does so within seconds."""
    return answer(await redelivered(parts, caller, KIND, subscription, delivery))
