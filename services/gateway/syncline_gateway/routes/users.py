"""`users`: people, their roles and tenants. For Platform Admins."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Depends, Query
from pydantic import Field

from syncline.actions.sign_in import password_link
from syncline.domain.access import LONGEST_NAME, RoleName
from syncline.postgres.access.one_time_links import LASTS
from syncline.postgres.access.users import (
    USER_SORTS,
    UserChange,
    Users,
    UserView,
    find_user,
    insert_user,
)
from syncline_gateway.access.caller import AuthenticationDep, UserAdmin
from syncline_gateway.api import Api
from syncline_gateway.requests.parameters import Page
from syncline_gateway.requests.resource import Answered, Body, Resource
from syncline_gateway.requests.sorted_lists import SortedPart, part_of

router = Resource(prefix="/users", tags=["users"])
Tenants = Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=1000)]
Name = Annotated[str, Field(max_length=4 * LONGEST_NAME)]

SeesPayloads = Annotated[
    bool | None,
    Field(description="Whether they see what records hold; null: all but Runners do."),
]


class PasswordLink(msgspec.Struct, frozen=True, rename="camel"):
    """A one-time link at which a person chooses a password; give it to nobody else.

    It stands behind the console's address, and is worth nothing after `minutes`.
    """

    link: str
    minutes: int


class InvitedUser(msgspec.Struct, frozen=True, rename="camel"):
    """A new user, and the link by which they choose a password."""

    user: UserView
    password_link: PasswordLink


class NewUser(Body):
    """Somebody to let in."""

    name: Name
    role: RoleName
    tenants: Annotated[Tenants, Field(default_factory=list)]
    sees_payloads: SeesPayloads = None


class UserPatch(Body):
    """What is to change; what is left out stays."""

    role: RoleName | None = None
    tenants: Tenants | None = None
    disabled: bool | None = None
    sees_payloads: bool | None = None
    revoke_keys: bool = False


@router.get("")
async def list_users(
    caller: UserAdmin,
    api: Api,
    part: Annotated[SortedPart, Depends(part_of(USER_SORTS))],
    search: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
) -> Page[UserView]:
    """List users, by name where no other order is wanted; `search` is a part of it."""
    return part.page(await Users(api.installation).list(part.limit, part.order, search))


@router.post("", status_code=201)
async def create_user(body: NewUser, caller: UserAdmin, api: Api) -> Answered[InvitedUser]:
    """Add a user; the answer holds a one-time link to choose a password."""
    async with api.installation.transaction() as connection:
        wanted = (body.name, body.role, body.tenants)
        user = await insert_user(connection, *wanted, caller.actor, body.sees_payloads)
    link = await _link(api, user.id, caller.actor)
    return Answered(InvitedUser(user, link), router.location(user.id))


@router.get("/{user}")
async def get_user(user: str, caller: UserAdmin, api: Api) -> UserView:
    """Show a user, by ID or name."""
    return await find_user(api.installation, user)


@router.patch("/{user}")
async def update_user(
    user: str, body: UserPatch, caller: UserAdmin, api: Api, authentication: AuthenticationDep
) -> UserView:
    """Change role or tenants, or disable: who is disabled is signed out everywhere.

    The API keys that they made (`activeKeys`) go on, unless `revokeKeys` is true.
    """
    wanted = UserChange(**body.model_dump())
    changed = await Users(api.installation).change(user, wanted, caller.actor)
    authentication.forget()
    return changed


@router.post("/{user}/password-link", status_code=201)
async def create_password_link(user: str, caller: UserAdmin, api: Api) -> PasswordLink:
    """Make a new link to choose a password; former ones of this user are worth nothing then."""
    return await _link(api, user, caller.actor)


async def _link(api: Api, user: str, actor: str) -> PasswordLink:
    token = await password_link(api.installation, user, actor)
    return PasswordLink(f"/choose-password#{token}", LASTS["password"])
