"""`users`: people, their roles and tenants. For Platform Admins."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from syncline.actions.sign_in import password_link
from syncline.domain.access import LONGEST_NAME, RoleName
from syncline.postgres.access.one_time_links import LASTS
from syncline.postgres.access.users import UserChange, Users, UserView
from syncline_gateway.access.caller import Admin, Authenticates
from syncline_gateway.parts import Needs, Parts
from syncline_gateway.requests.answers import Page, answer, returns
from syncline_gateway.requests.bodies import Body
from syncline_gateway.requests.paging import Paged, words

router = APIRouter(prefix="/users", tags=["users"])
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


@router.get("", responses=returns(Page[UserView]))
async def list_(
    caller: Admin,
    parts: Needs,
    paging: Paged,
    search: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
) -> Any:  # noqa: ANN401
    """List users by name; `search` is a part of it."""
    (after,) = paging.key(words) or (None,)
    found = await Users(parts.database).page(paging.limit + 1, after, search)
    return answer(paging.page(found, lambda user: [user.name.lower()]))


@router.post("", status_code=201, responses=returns(InvitedUser, 201))
async def add(body: NewUser, caller: Admin, parts: Needs) -> Any:  # noqa: ANN401
    """Add a user; the answer holds a one-time link to choose a password."""
    user = await Users(parts.database).add(body.name, body.role, body.tenants, caller.actor)
    link = await _link(parts, user.id, caller.actor)
    return answer(InvitedUser(user, link), 201, {"Location": f"/api/v1/users/{user.id}"})


@router.get("/{user}", responses=returns(UserView))
async def show(user: str, caller: Admin, parts: Needs) -> Any:  # noqa: ANN401
    """Show a user, by ID or name."""
    return answer(await Users(parts.database).get(user))


@router.patch("/{user}", responses=returns(UserView))
async def change(
    user: str, body: UserPatch, caller: Admin, parts: Needs, authentication: Authenticates
) -> Any:  # noqa: ANN401
    """Change role or tenants, or disable: who is disabled is signed out everywhere."""
    wanted = UserChange(body.role, body.tenants, body.disabled)
    changed = await Users(parts.database).change(user, wanted, caller.actor)
    authentication.forget()
    return answer(changed)


@router.post("/{user}/password-link", status_code=201, responses=returns(PasswordLink, 201))
async def new_link(user: str, caller: Admin, parts: Needs) -> Any:  # noqa: ANN401
    """Make a new link to choose a password; former ones of this user are worth nothing then."""
    return answer(await _link(parts, user, caller.actor), 201)


async def _link(parts: Parts, user: str, actor: str) -> PasswordLink:
    token = await password_link(parts.database, user, actor)
    return PasswordLink(f"/choose-password#{token}", LASTS["password"])
