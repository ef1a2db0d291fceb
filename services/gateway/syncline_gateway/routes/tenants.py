"""`tenants`: the isolated workspaces; everybody sees those they may work in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from syncline.postgres.access.tenants import Tenants, TenantView
from syncline_gateway.access.caller import Admin, Authenticates, Runner
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import Page, answer, returns
from syncline_gateway.requests.bodies import Body
from syncline_gateway.requests.paging import Paged, words

router = APIRouter(prefix="/tenants", tags=["tenants"])


class NewTenant(Body):
    """A workspace to make."""

    id: Annotated[
        str, Field(max_length=200, description="1 to 63 lower-case letters, digits or hyphens.")
    ]


@router.get("", responses=returns(Page[TenantView]))
async def list_(caller: Runner, parts: Needs, paging: Paged, authentication: Authenticates) -> Any:  # noqa: ANN401
    """List the tenants that one may work in."""
    assert caller.identity is not None
    (after,) = paging.key(words) or ("",)
    own = await authentication.tenants(caller.identity)
    found = await Tenants(parts.database).page(own, paging.limit + 1, after)
    return answer(paging.page(found, lambda tenant: [tenant.id]))


@router.post("", status_code=201, responses=returns(TenantView, 201))
async def add(body: NewTenant, caller: Admin, parts: Needs) -> Any:  # noqa: ANN401
    """Make a tenant."""
    return answer(await Tenants(parts.database).add(body.id, caller.actor), 201)
