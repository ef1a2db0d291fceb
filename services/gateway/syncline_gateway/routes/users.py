"""`users`: people, their roles and tenants. For Platform Admins."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query
from pydantic import Field

from syncline.actions.sign_in import password_link
from syncline.domain.access import LONGEST_NAME, RoleName
from syncline.postgres.access.one_time_links import LASTS
from syncline.postgres.access.users import UserChange, Users, UserView, find_user, insert_user
from syncline_gateway.access.caller import Admin, AuthenticationDep
from syncline_gateway.backend import Backend, BackendDep
from syncline_gateway.requests.bodies import Body
from syncline_gateway.requests.paging import Page, Paged, words
from syncline_gateway.requests.resource import Answer, Resource

router = Resource(prefix="/users", tags=["users"])
Tenants = Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=1000)]
Name = Annotated[str, Field(max_length=4 * LONGEST_NAME)]


class PasswordLink(msgspec.Struct, frozen=True, rename="camel"):
    """A one-time link at which a person chooses a password; give it to nobody else.

    Attributes:
        link: path and token, behind the console's address.
        minutes: until it is worth nothing.
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


class UserPatch(Body):
    """What is to change; what is left out stays."""

    role: RoleName | None = None
    tenants: Tenants | None = None
    disabled: bool | None = None


@router.get("")
async def list_(
    caller: Admin,
    backend: BackendDep,
    paging: Paged,
    search: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
) -> Page[UserView]:
    """List users by name; `search` is a part of it."""
    (after,) = paging.key(words) or (None,)
    found = await Users(backend.database).list(paging.limit + 1, after, search)
    return paging.page(found, lambda user: [user.name.lower()])


@router.post("", status_code=201)
async def add(body: NewUser, caller: Admin, backend: BackendDep) -> Answer[InvitedUser]:
    """Add a user; the answer holds a one-time link to choose a password."""
    async with backend.database.transaction() as connection:
        user = await insert_user(connection, body.name, body.role, body.tenants, caller.actor)
    link = await _link(backend, user.id, caller.actor)
    return Answer(InvitedUser(user, link), router.location(user.id))


@router.get("/{user}")
async def show(user: str, caller: Admin, backend: BackendDep) -> UserView:
    """Show a user, by ID or name."""
    return await find_user(backend.database, user)


@router.patch("/{user}")
async def change(
    user: str,
    body: UserPatch,
    caller: Admin,
    backend: BackendDep,
    authentication: AuthenticationDep,
) -> UserView:
    """Change role or tenants, or disable: who is disabled is signed out everywhere."""
    wanted = UserChange(body.role, body.tenants, body.disabled)
    changed = await Users(backend.database).change(user, wanted, caller.actor)
    authentication.forget()
    return changed


@router.post("/{user}/password-link", status_code=201)
async def new_link(user: str, caller: Admin, backend: BackendDep) -> PasswordLink:
    """Make a new link to choose a password; former ones of this user are worth nothing then."""
    return await _link(backend, user, caller.actor)


async def _link(backend: Backend, user: str, actor: str) -> PasswordLink:
    token = await password_link(backend.database, user, actor)
    return PasswordLink(f"/choose-password#{token}", LASTS["password"])
