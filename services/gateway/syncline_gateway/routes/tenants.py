"""`tenants`: the isolated workspaces; everybody sees those they may work in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from syncline.postgres.access.tenants import Tenants, TenantView
from syncline_gateway.access.caller import Admin, AuthenticationDep, Runner
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import Page, Paged, words
from syncline_gateway.requests.resource import Body, Resource

router = Resource(prefix="/tenants", tags=["tenants"])


class NewTenant(Body):
    """A workspace to make."""

    id: Annotated[
        str, Field(max_length=200, description="1 to 63 lower-case letters, digits or hyphens.")
    ]


@router.get("")
async def list_tenants(
    caller: Runner, api: Api, paging: Paged, authentication: AuthenticationDep
) -> Page[TenantView]:
    """List the tenants that one may work in."""
    assert caller.identity is not None
    (after,) = paging.key(words) or ("",)
    own = await authentication.tenants(caller.identity)
    found = await Tenants(api.database).page(own, paging.limit, after)
    return paging.page(found, lambda tenant: [tenant.id])


@router.post("", status_code=201)
async def create_tenant(body: NewTenant, caller: Admin, api: Api) -> TenantView:
    """Make a tenant."""
    return await Tenants(api.database).add(body.id, caller.actor)
