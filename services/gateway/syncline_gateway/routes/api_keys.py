"""`api-keys`: what lets programs in. A key is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter
from pydantic import Field

from syncline.domain.access import LONGEST_NAME, Role, RoleName
from syncline.domain.errors import ForbiddenError
from syncline.postgres.access.api_keys import ApiKeys, ApiKeyView, KeyWanted
from syncline.security.tokens import new_api_key
from syncline_gateway.access.caller import Authenticates, User
from syncline_gateway.parts import Needs
from syncline_gateway.requests.answers import Page, answer, returns
from syncline_gateway.requests.bodies import Body
from syncline_gateway.requests.paging import Paged, identity

router = APIRouter(prefix="/api-keys", tags=["api-keys"])


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


@router.get("", responses=returns(Page[ApiKeyView]))
async def list_(caller: User, parts: Needs, paging: Paged) -> Any:  # noqa: ANN401
    """List the tenant's keys, the newest first."""
    (after,) = paging.key(identity) or (None,)
    found = await ApiKeys(parts.database).list(caller.tenant, paging.limit + 1, after)
    return answer(paging.page(found, lambda key: [key.id]))


@router.post("", status_code=201, responses=returns(CreatedKey, 201))
async def create(body: NewKey, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Make a key; the answer is the only place where it is ever shown."""
    if Role.of(body.role) > caller.role:
        raise ForbiddenError(f"a key may have no role above yours, {caller.role.title}")
    key = new_api_key()
    wanted = KeyWanted(body.name, body.role, body.days)
    stored = (key.prefix, key.hash)
    view = await ApiKeys(parts.database).add(caller.tenant, wanted, stored, caller.actor)
    location = {"Location": f"/api/v1/api-keys/{view.id}"}
    return answer(CreatedKey(key.text, view), 201, location)


@router.get("/{key}", responses=returns(ApiKeyView))
async def show(key: UUID, caller: User, parts: Needs) -> Any:  # noqa: ANN401
    """Show a key, without the key."""
    return answer(await ApiKeys(parts.database).get(caller.tenant, str(key)))


@router.delete("/{key}", responses=returns(ApiKeyView))
async def revoke(key: UUID, caller: User, parts: Needs, authentication: Authenticates) -> Any:  # noqa: ANN401
    """Revoke a key: every gateway refuses it within 5 seconds. It stays in the list."""
    revoked = await ApiKeys(parts.database).revoke(caller.tenant, str(key), caller.actor)
    authentication.forget()
    return answer(revoked)
