"""Whose runs the sender of a trigger may start, and who counts as its actor.

A process of ours says both in a message with our digest. Of anybody else the topic says it, because
Kafka's ACLs say who may write there: the common topic is the tenant `default`'s, and each other
tenant may have a topic of its own.
"""

from __future__ import annotations

from dataclasses import replace

from syncline.contracts.topics import TENANT_TRIGGERS
from syncline.contracts.wire import Delivery
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.domain.trigger import TriggerRequest

DEFAULT, UNKNOWN = "default", "unknown"


def tenant_of(delivery: Delivery, field: object) -> str:
    """Return the tenant that a trigger means; `field` is what its data says."""
    if not delivery.is_ours and delivery.topic.startswith(TENANT_TRIGGERS):
        return delivery.topic.removeprefix(TENANT_TRIGGERS)
    return field.strip() if isinstance(field, str) and field.strip() else DEFAULT


def rights_problems(delivery: Delivery, field: object) -> tuple[Problem, ...]:
    """Refuse a tenant on the common topic that is not `default`."""
    tenant = tenant_of(delivery, field)
    is_common = not delivery.topic.startswith(TENANT_TRIGGERS)
    if delivery.is_ours or not is_common or tenant == DEFAULT:
        return ()
    message = (
        f"is {shown(tenant)}, but on this topic only the tenant {DEFAULT!r} can be meant: send it "
        f"to the topic `{delivery.topic}.{tenant}`, or use the REST API"
    )
    return (Problem("$.tenant", message),)


def as_sent(delivery: Delivery, request: TriggerRequest) -> TriggerRequest:
    """Return a request with the tenant and the actor that its sender may claim.

    Raises InvalidInputError: only our own processes say which run another one follows.
    """
    if delivery.is_ours:
        return request
    if request.after is not None:
        raise InvalidInputError(
            [Problem("$.after", "is for Syncline's own services alone: leave it out")]
        )
    claimed = "" if request.actor == UNKNOWN else f" (says it is {request.actor})"
    actor = f"topic:{delivery.topic}{claimed}"
    return replace(
        request, tenant=tenant_of(delivery, request.tenant), actor=actor, trigger="topic"
    )
