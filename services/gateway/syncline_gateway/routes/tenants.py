"""`tenants`: the isolated workspaces; everybody sees those they may work in."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import structlog
from fastapi import Depends
from pydantic import Field

from syncline.domain.errors import RetriableError
from syncline.kafka.admin import KafkaAdmin
from syncline.kafka.failures import BrokerRefusedError
from syncline.postgres.access.tenants import TENANT_SORTS, Tenants, TenantView
from syncline_gateway.access.caller import AuthenticationDep, Runner, TenantAdmin
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import Page
from syncline_gateway.requests.resource import Body, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/tenants", tags=["tenants"])
PartOfTenants = Annotated[SortedPart, Depends(part_of(TENANT_SORTS))]


TOPIC_WITHIN = 10.0
"""Seconds for Kafka to make a topic."""
log = structlog.get_logger()


class CreatedTenant(TenantView, frozen=True, kw_only=True, rename="camel"):
    """A new tenant.

    Attributes:
        trigger_topic: its own, to which Kafka's ACLs let programs write that may start its runs.
            None: Kafka did not make it; `syncline topics create --trigger-topic` does.
    """

    trigger_topic: str | None


class NewTenant(Body):
    """A workspace to make."""

    id: Annotated[
        str, Field(max_length=200, description="1 to 63 lower-case letters, digits or hyphens.")
    ]


@router.get("")
async def list_tenants(
    caller: Runner, api: Api, part: PartOfTenants, authentication: AuthenticationDep
) -> Page[TenantView]:
    """List the tenants that one may work in, by ID where no other order is wanted."""
    assert caller.identity is not None
    own = await authentication.tenants(caller.identity)
    return part.page(await Tenants(api.installation).page(own, part.limit, part.order))


@router.post("", status_code=201)
async def create_tenant(body: NewTenant, caller: TenantAdmin, api: Api) -> CreatedTenant:
    """Make a tenant and its trigger topic; without Kafka the topic is to be made by hand."""
    made = await Tenants(api.installation).add(body.id, caller.actor)
    topic = await _trigger_topic(api, body.id)
    return CreatedTenant(**msgspec.structs.asdict(made), trigger_topic=topic)


async def _trigger_topic(api: Api, tenant: str) -> str | None:
    settings = api.settings
    try:
        async with asyncio.timeout(TOPIC_WITHIN):
            return await KafkaAdmin(settings.kafka()).create_tenant_topic(
                tenant, settings.kafka_replication
            )
    except (RetriableError, BrokerRefusedError, TimeoutError) as error:
        log.warning("trigger_topic_not_made", tenant=tenant, reason=str(error) or "no answer")
        return None
