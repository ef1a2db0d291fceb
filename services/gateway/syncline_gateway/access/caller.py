"""Who calls, in which tenant, and what they may do: the parameters by which a route says so."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from fastapi import Depends, Request

from syncline.domain.access import Role
from syncline.domain.errors import ForbiddenError
from syncline.postgres.audit.log import ADDRESS
from syncline_gateway.access.authentication import Authentication, Identity

__all__ = ["Admin", "Caller", "Role", "Runner", "User"]


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request.

    Attributes:
        tenant: the workspace it works in.
        actor: who, for the audit log.
        role: what they may do there.
        ip: where from.
        identity: how they were found.
    """

    tenant: str
    actor: str
    role: Role
    ip: str | None = None
    identity: Identity | None = None


async def authentication_of(request: Request) -> Authentication:
    """Return the process's way of finding out who calls."""
    found: Authentication = request.app.state.authentication
    return found


async def address_of(request: Request) -> str:  # in a thread it could not set the context
    """Return where a request came from; the audit rows that it causes say so too."""
    try:
        address = str(ipaddress.ip_address(request.client.host if request.client else ""))
    except ValueError:  # a socket file
        address = "::"
    ADDRESS.set(address)
    return address


Address = Annotated[str, Depends(address_of)]
"""A route's parameter: where a request came from."""
AuthenticationDep = Annotated[Authentication, Depends(authentication_of)]
"""A route's parameter: how callers are found."""


async def caller_of(
    request: Request, address: Address, authentication: AuthenticationDep
) -> Caller:
    """Return who calls. Raises as Authentication.of; NotFoundError: a tenant that is not theirs."""
    identity = await authentication.of(request)
    tenant = await authentication.tenant_of(request, identity)
    request.state.identity = identity
    return Caller(tenant, identity.actor, identity.role, address, identity)


def _at_least(role: Role) -> Callable[..., Awaitable[Caller]]:
    async def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if caller.role < role:
            raise ForbiddenError(f"this needs the role {role.title}; yours is {caller.role.title}")
        return caller

    check.role = role  # type: ignore[attr-defined]  # the test that walks all routes reads it
    return check


Runner = Annotated[Caller, Depends(_at_least(Role.RUNNER))]
"""A route's parameter: whoever may look and trigger."""
User = Annotated[Caller, Depends(_at_least(Role.USER))]
"""A route's parameter: whoever may change configuration and the DLQ."""
Admin = Annotated[Caller, Depends(_at_least(Role.ADMIN))]
"""A route's parameter: a Platform Admin."""
