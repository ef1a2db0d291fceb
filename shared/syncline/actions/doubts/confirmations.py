"""Doubts about e-mail addresses: nothing is sent to one whose owner has not confirmed it."""

from __future__ import annotations

from collections.abc import Sequence

from syncline.actions.doubts.doubt import Doubt, Matter
from syncline.domain.configuration.documents import Kind
from syncline.domain.errors import Problem
from syncline.domain.notification.subscription import SubscriptionConfig

_WAITS = (
    "is not confirmed yet, so nothing is sent there: press *Test* on the page Notifications of the "
    "console, which asks its owner by e-mail"
)


async def confirmation_doubts(matter: Matter) -> list[Doubt]:
    """Name the addresses of the named subscriptions that wait for their owners."""
    named = [
        config
        for config in matter.configured.subscriptions.values()
        if (Kind.SUBSCRIPTION, config.name) in matter.named and config.active
    ]
    addresses = sorted({address for config in named for address in config.addresses})
    if not addresses:
        return []
    waiting = await matter.store.unconfirmed(matter.tenant, addresses)
    return [doubt for config in named for doubt in _of(config, waiting)]


def _of(config: SubscriptionConfig, waiting: Sequence[str]) -> list[Doubt]:
    return [
        Doubt(Kind.SUBSCRIPTION, config.name, Problem(f"$.addresses[{place}]", f"{each} {_WAITS}"))
        for place, each in enumerate(config.addresses)
        if each in waiting
    ]
