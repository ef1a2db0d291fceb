"""`api-keys`: what lets programs in. A key is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends
from pydantic import Field

from syncline.domain.access import LONGEST_NAME, Role, RoleName
from syncline.domain.errors import ForbiddenError
from syncline.postgres.access.api_keys import API_KEY_SORTS, ApiKeys, ApiKeyView, NewApiKey
from syncline.security.tokens import new_api_key
from syncline_gateway.access.caller import AuthenticationDep, KeyKeeper
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import Id, Page
from syncline_gateway.requests.resource import Answered, Body, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/api-keys", tags=["api-keys"])
PartOfKeys = Annotated[SortedPart, Depends(part_of(API_KEY_SORTS))]


class CreatedKey(msgspec.Struct, frozen=True, rename="camel"):
    """A new API key: `key` is shown here and never again."""

    key: str
    api_key: ApiKeyView


class NewKey(Body):
    """A key to make: with the role that its program needs, and no more than one's own."""

    name: Annotated[str, Field(max_length=4 * LONGEST_NAME)]
    role: RoleName = "runner"
    days: Annotated[
        int | None, Field(ge=1, le=3650, description="Until it expires; null: never.")
    ] = None
    sees_payloads: Annotated[
        bool | None,
        Field(description="Whether it sees what records hold; null: if you do, and no Runner's."),
    ] = None


@router.get("")
async def list_api_keys(caller: KeyKeeper, api: Api, part: PartOfKeys) -> Page[ApiKeyView]:
    """List the tenant's keys, the newest first where no other order is wanted."""
    return part.page(await ApiKeys(api.database).list(caller.tenant, part.limit, part.order))


@router.post("", status_code=201)
async def create_api_key(body: NewKey, caller: KeyKeeper, api: Api) -> Answered[CreatedKey]:
    """Make a key; the answer is the only place where it is ever shown."""
    if Role.of(body.role) > caller.role:
        raise ForbiddenError(f"a key may have no role above yours, {caller.role.title}")
    payloads = body.sees_payloads
    if payloads:
        caller.payload_viewer()
    elif caller.viewer is None:
        payloads = False
    key = new_api_key()
    wanted = NewApiKey(body.name, body.role, body.days, payloads)
    stored = (key.prefix, key.hash)
    view = await ApiKeys(api.database).add(caller.tenant, wanted, stored, caller.actor)
    return Answered(CreatedKey(key.text, view), router.location(view.id))


@router.get("/{key}")
async def get_api_key(key: Id, caller: KeyKeeper, api: Api) -> ApiKeyView:
    """Show a key, without the key."""
    return await ApiKeys(api.database).get(caller.tenant, key)


@router.delete("/{key}")
async def revoke_api_key(
    key: Id, caller: KeyKeeper, api: Api, authentication: AuthenticationDep
) -> ApiKeyView:
    """Revoke a key: every gateway refuses it within 5 seconds. It stays in the list."""
    revoked = await ApiKeys(api.database).revoke(caller.tenant, key, caller.actor)
    authentication.forget()
    return revoked
