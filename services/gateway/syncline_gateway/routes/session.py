"""`session`: sign in, who am I, sign out, switch tenant; `setup`, `password`: one-time links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Depends, Request, Response
from pydantic import Field

from syncline.actions.sign_in import SignIn
from syncline.domain.access import (
    LONGEST_NAME,
    LONGEST_PASSWORD,
    Permission,
    RoleName,
    missing_permissions,
)
from syncline.domain.errors import ForbiddenError
from syncline.postgres.access.users import Users
from syncline.security.tokens import csrf_token, token_hash
from syncline_gateway.access.caller import (
    COOKIE,
    Address,
    Authentication,
    AuthenticationDep,
    Caller,
    Identity,
    Runner,
)
from syncline_gateway.api import Api
from syncline_gateway.requests.resource import Answered, Body, Resource

router = Resource(tags=["session"])
Name = Annotated[str, Field(max_length=4 * LONGEST_NAME)]
Password = Annotated[str, Field(max_length=4 * LONGEST_PASSWORD)]
Link = Annotated[str, Field(max_length=100, description="What stands behind `#` of the link.")]


class MissingPermission(msgspec.Struct, frozen=True):
    """What a caller may not do, and the least role that has it or may give it."""

    permission: Permission
    role: RoleName


class SessionInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Who is signed in, or whose API key it is; which tenant is looked at, and which may be.

    `csrfToken` goes into X-Syncline-CSRF with every change; null for an API key.
    """

    name: str
    role: RoleName
    tenant: str
    tenants: list[str]
    sees_payloads: bool
    missing_permissions: list[MissingPermission]
    csrf_token: str | None
    expires_at: datetime | None


class Setup(msgspec.Struct, frozen=True, rename="camel"):
    """Whether this installation waits for its first Platform Admin."""

    needed: bool


class Credentials(Body):
    """Name and password."""

    name: Name
    password: Password


class SignInLink(Body):
    """A link that `syncline dev` printed."""

    link: Link


class FirstAdmin(Credentials):
    """The first Platform Admin, and the link that allows to be one."""

    link: Link


class NewPassword(SignInLink):
    """A password that was chosen, and the link that allows to."""

    password: Password


class OwnPassword(Body):
    """A signed-in person's passwords."""

    current: Password
    password: Password


class TenantChoice(Body):
    """The tenant to look at."""

    tenant: Annotated[str, Field(max_length=63)]


async def _from_here(request: Request, authentication: AuthenticationDep) -> None:
    authentication.origins.check(request)


class Entrance(msgspec.Struct, frozen=True):
    """What the routes that let somebody in have in common."""

    request: Request
    address: str
    api: Api
    authentication: Authentication

    @property
    def signing_in(self) -> SignIn:
        passwords = self.request.app.state.passwords
        return SignIn(self.api.installation, passwords, self.api.settings.lifetimes())

    async def let_in(self, token: str) -> Answered[SessionInfo]:
        """Answer with a new session, and give its cookie; the one that the browser had ends."""
        name = self.authentication.cookie
        if before := self.request.cookies.get(name):
            await self.authentication.sessions.end(token_hash(before))
            self.authentication.forget()
        settings = self.api.settings
        found = await self.authentication.sessions.find(token_hash(token))
        assert found is not None
        identity = Identity(found.name, found.role, found.tenant, token, found, found.sees_payloads)
        info = await _info(self.authentication, identity, found.tenant)
        is_secure = "https" in (self.request.url.scheme, settings.console_url().partition(":")[0])
        kept = round(settings.session_lifetime)
        cookie = Response()
        cookie.set_cookie(name, token, kept, secure=is_secure, httponly=True, samesite="lax")
        return Answered(info, {"Set-Cookie": cookie.headers["set-cookie"]})


async def _entrance(
    request: Request, address: Address, api: Api, authentication: AuthenticationDep
) -> Entrance:
    return Entrance(request, address, api, authentication)


EntranceDep = Annotated[Entrance, Depends(_entrance)]
_OPEN = [Depends(_from_here)]


@router.post("/session", dependencies=_OPEN)
async def sign_in(body: Credentials, entrance: EntranceDep) -> Answered[SessionInfo]:
    """Sign in by name and password; the session comes as a cookie."""
    given = (body.name, body.password, entrance.address)
    return await entrance.let_in(await entrance.signing_in.by_password(*given))


@router.post("/session/link", dependencies=_OPEN)
async def sign_in_by_link(body: SignInLink, entrance: EntranceDep) -> Answered[SessionInfo]:
    """Sign in by a one-time link of `syncline dev`."""
    return await entrance.let_in(await entrance.signing_in.by_link(body.link, entrance.address))


@router.get("/session")
async def get_session(caller: Runner, authentication: AuthenticationDep) -> SessionInfo:
    """Say who calls, with which role, in which tenant."""
    assert caller.identity is not None
    return await _info(authentication, caller.identity, caller.tenant)


@router.delete("/session", status_code=204)
async def sign_out(caller: Runner, authentication: AuthenticationDep) -> Response:
    """End the session."""
    identity = _signed_in(caller)
    await authentication.sessions.end(token_hash(identity.secret))
    authentication.forget()
    response = Response(status_code=204)
    name = authentication.cookie
    is_secure = name != COOKIE
    response.delete_cookie(name, path="/", secure=is_secure, httponly=True, samesite="lax")
    return response


@router.put("/session/tenant")
async def switch_tenant(
    body: TenantChoice, caller: Runner, authentication: AuthenticationDep
) -> SessionInfo:
    """Look at another tenant."""
    identity = _signed_in(caller)
    assert identity.session is not None
    hashed = token_hash(identity.secret)
    await authentication.sessions.switch(hashed, identity.session, body.tenant)
    authentication.forget()
    return await _info(authentication, identity, body.tenant)


@router.put("/session/password")
async def change_own_password(
    body: OwnPassword, caller: Runner, entrance: EntranceDep
) -> Answered[SessionInfo]:
    """Change one's own password; every session of one's ends, and a new one begins."""
    given = (_signed_in(caller).actor, body.current, body.password, entrance.address)
    token = await entrance.signing_in.change_password(*given)
    entrance.authentication.forget()
    return await entrance.let_in(token)


@router.get("/setup")
async def get_setup(api: Api) -> Setup:
    """Say whether this installation waits for its first Platform Admin."""
    return Setup(not await Users(api.installation).exist())


@router.post("/setup", dependencies=_OPEN)
async def set_up(body: FirstAdmin, entrance: EntranceDep) -> Answered[SessionInfo]:
    """Make the first Platform Admin by the link in the gateway's log, and sign in."""
    given = (body.link, body.name, body.password, entrance.address)
    return await entrance.let_in(await entrance.signing_in.set_up(*given))


@router.post("/password", dependencies=_OPEN)
async def choose_password(body: NewPassword, entrance: EntranceDep) -> Answered[SessionInfo]:
    """Choose a password by a one-time link, and sign in."""
    given = (body.link, body.password, entrance.address)
    return await entrance.let_in(await entrance.signing_in.choose_password(*given))


async def _info(authentication: Authentication, identity: Identity, tenant: str) -> SessionInfo:
    session = identity.session
    missing = missing_permissions(identity.role, sees_payloads=identity.sees_payloads)
    return SessionInfo(
        identity.actor,
        identity.role.word,
        tenant,
        await authentication.tenants(identity),
        identity.sees_payloads,
        [MissingPermission(*one) for one in missing.items()],
        csrf_token(identity.secret) if session else None,
        session.expires_at if session else None,
    )


def _signed_in(caller: Caller) -> Identity:
    if caller.identity is None or caller.identity.session is None:
        raise ForbiddenError("this is for people who signed in; an API key has no session")
    return caller.identity
