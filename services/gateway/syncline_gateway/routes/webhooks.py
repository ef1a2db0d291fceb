"""`webhooks`: programs that are told when streams begin to fail and when they recover."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Response
from pydantic import Field

from syncline.domain.notification.subscription import SubscriptionConfig, check_subscription
from syncline.postgres.notifications.delivery_log import DeliveryView
from syncline.postgres.notifications.subscriptions import SubscriptionView, mark_of
from syncline.security.signing import new_signing_secret
from syncline_gateway.access.caller import User
from syncline_gateway.edits import IfMatch, tagged
from syncline_gateway.parts import Needs
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

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
KIND = "webhook"


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


class WebhookBody(Subscribed):
    """A webhook as it shall be."""

    url: Annotated[str, Field(max_length=2000)]


def _webhook(view: SubscriptionView) -> Webhook:
    return Webhook(url=view.url or "", **shared_of(view))


def _config(body: WebhookBody) -> SubscriptionConfig:
    config = SubscriptionConfig(
        name=body.name,
        kind=KIND,
        events=tuple(body.events),
        url=body.url,
        instances=tuple(body.instances),
        active=body.active,
    )
    check_subscription(config)
    return config


@router.get("", responses=returns(Page[Webhook]))
async def list_(caller: User, parts: Needs, paging: Paged) -> Any:  # noqa: ANN401
    """List webhooks by name."""
    (after,) = paging.key(words) or (None,)
    found = await stored(parts).page(caller.tenant, KIND, paging.limit + 1, after)
    return answer(paging.page([_webhook(view) for view in found], lambda hook: [hook.name]))


@router.post("", status_code=201, responses=returns(WebhookSecret, 201))
async def create(body: WebhookBody, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Make a webhook; the answer is the only place where its secret is ever shown."""
    secret, store = new_signing_secret(), stored(parts)
    id_ = await store.create(caller.tenant, caller.actor, _config(body), secret)
    view = await store.get(caller.tenant, KIND, id_)
    headers = tagged(mark_of(view.changed_at), f"/api/v1/webhooks/{id_}")
    return answer(WebhookSecret(secret, _webhook(view)), 201, headers)


@router.get("/{webhook}", responses=returns(Webhook))
async def show(webhook: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Show a webhook."""
    view = await stored(parts).get(caller.tenant, KIND, str(webhook))
    return answer(_webhook(view), headers=tagged(mark_of(view.changed_at)))


@router.put("/{webhook}", responses=returns(Webhook))
async def change(
    webhook: UUID, body: WebhookBody, caller: User, parts: Needs, if_match: IfMatch = None
) -> Any:  # noqa: ANN401
    """Change a webhook. One that is switched off gives up what waits for it."""
    store, seen = stored(parts), mark_in(if_match)
    await store.change(caller.tenant, caller.actor, str(webhook), _config(body), seen)
    view = await store.get(caller.tenant, KIND, str(webhook))
    return answer(_webhook(view), headers=tagged(mark_of(view.changed_at)))


@router.delete("/{webhook}", status_code=204)
async def remove(webhook: UUID, caller: User, parts: Needs) -> Response:
    """Remove a webhook with its deliveries."""
    await stored(parts).remove(caller.tenant, caller.actor, KIND, str(webhook))
    return nothing()


@router.post("/{webhook}/rotate-secret", responses=returns(WebhookSecret))
async def rotate(webhook: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Sign with a new secret, shown here alone; for 24 hours the one before signs too."""
    secret, store = new_signing_secret(), stored(parts)
    await store.rotate(caller.tenant, caller.actor, str(webhook), secret)
    view = await store.get(caller.tenant, KIND, str(webhook))
    return answer(WebhookSecret(secret, _webhook(view)))


@router.post("/{webhook}/test", responses=returns(Tested))
async def test(webhook: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Send a signed test event now and tell what the receiver answered."""
    return answer(await tested(parts, caller, KIND, webhook))


@router.get("/{webhook}/deliveries", responses=returns(Page[DeliveryView]))
async def list_deliveries(
    webhook: UUID, caller: User, parts: Needs, paging: Paged, state: State = None
) -> Any:  # noqa: ANN401
    """List what was told to a webhook, the newest first, with every attempt."""
    return answer(await deliveries(parts, caller, KIND, webhook, state, paging))


@router.post("/{webhook}/deliveries/{delivery}/redeliver", responses=returns(DeliveryView))
async def redeliver(webhook: UUID, delivery: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Deliver something again, with the same ID; the notifier does so within seconds."""
    return answer(await redelivered(parts, caller, KIND, webhook, delivery))
