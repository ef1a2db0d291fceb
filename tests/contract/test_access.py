"""Every route says who may call it; what changes something is for more than looking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from syncline.domain.access import Role
from syncline_gateway.requests.resource import BASE
from syncline_gateway.routes import ROUTERS
from tests.support.roles import OPEN, RUNNER_MAY

ADMINS_ONLY = ("/users", "POST /tenants", "POST /records/erase")
READS = ("GET", "HEAD")


def _routes() -> Iterator[tuple[str, APIRoute]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods or ()):
                yield f"{method} {route.path}", route


ROUTES = [pytest.param(name, route, id=name) for name, route in _routes()]


def role_of(dependant: Dependant) -> Role | None:
    """Return the role that a route demands, None when it takes anybody."""
    for part in dependant.dependencies:
        found = getattr(part.call, "role", None) or role_of(part)
        if isinstance(found, Role):
            return found
    return None


def least(name: str) -> Role | None:
    """Return the least role that may be let in by a route."""
    method, path = name.split(" ")
    if name in OPEN:
        return None
    if any(name.startswith(part) or path.startswith(part) for part in ADMINS_ONLY):
        return Role.ADMIN
    return Role.RUNNER if method in READS or name in RUNNER_MAY else Role.USER


@pytest.mark.parametrize(("name", "route"), ROUTES)
def test_a_route_demands_a_caller_with_the_right_role(name: str, route: APIRoute) -> None:
    demanded, wanted = role_of(route.dependant), least(name)
    why = f"{BASE}{route.path}: give it `caller: Runner | User | Admin` of access.py"
    if wanted is None:
        assert demanded is None
    else:
        assert demanded is not None, why
        assert demanded >= wanted, f"{why}; a Runner looks and triggers, and changes nothing"


def test_what_anybody_may_call_exists() -> None:
    assert {name for name, _ in _routes()} >= OPEN
