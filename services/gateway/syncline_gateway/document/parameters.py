"""Query parameters that a route does not have: a misspelt filter would list everything."""

from __future__ import annotations

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Header, Path
from fastapi.routing import APIRoute

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import unknown

_NONE = "unknown parameter; this address has none"


async def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have.

    Raises:
        InvalidInputError: each of them, with what was probably meant.
    """
    if not request.query_params:
        return
    known = query_parameters(request.scope["route"])
    problems = [
        Problem(f"query.{name}", unknown("parameter", name, known) if known else _NONE)
        for name in request.query_params
        if name not in known
    ]
    if problems:
        raise InvalidInputError(problems)


def query_parameters(route: APIRoute) -> list[str]:
    """Return the names of the query parameters that a route takes, those of models too."""
    others = (Path, Header)  # fields of a model of query parameters have no class of their own
    return [
        f.alias for f in get_flat_params(route.dependant) if not isinstance(f.field_info, others)
    ]
