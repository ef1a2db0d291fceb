"""Who calls, in which tenant, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated

import msgspec
from fastapi import Depends, Request

from syncline_gateway.problems import ProblemError


class Role(IntEnum):
    """What a caller may do; each may do what those before it may."""

    RUNNER = 1
    USER = 2
    ADMIN = 3


class Caller(msgspec.Struct, frozen=True):
    """Who sent a request.

    Attributes:
        tenant: the workspace it works in.
        actor: who, for the audit log.
        role: in this tenant.
        ip: where from.
    """

    tenant: str
    actor: str
    role: Role
    ip: str | None = None


async def caller_of(request: Request) -> Caller:
    """Return who calls."""
    return Caller("default", "local", Role.ADMIN, request.client.host if request.client else None)


def _at_least(role: Role) -> Callable[..., Caller]:
    def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if caller.role < role:
            needed = role.name.title()
            raise ProblemError(403, "forbidden", f"this needs the role {needed} or above")
        return caller

    return check


Runner = Annotated[Caller, Depends(_at_least(Role.RUNNER))]
"""A route's parameter: whoever may look and trigger."""
User = Annotated[Caller, Depends(_at_least(Role.USER))]
"""A route's parameter: whoever may change configuration and the DLQ."""
Admin = Annotated[Caller, Depends(_at_least(Role.ADMIN))]
"""A route's parameter: a Platform Admin."""
