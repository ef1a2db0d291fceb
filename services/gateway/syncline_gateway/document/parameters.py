"""Query parameters that a route does not have: a misspelt filter would list everything."""

from __future__ import annotations

from fastapi import Request

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import unknown
from syncline_gateway.document.document import document
from syncline_gateway.requests.resource import BASE

_NONE = "unknown parameter; this address has none"


async def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the OpenAPI document of the route does not name.

    Raises:
        InvalidInputError: each of them, with what was probably meant.
    """
    known = _parameters(request)
    problems = [
        Problem(f"query.{name}", unknown("parameter", name, known) if known else _NONE)
        for name in request.query_params
        if name not in known
    ]
    if problems:
        raise InvalidInputError(problems)


def _parameters(request: Request) -> list[str]:
    paths = document(request.app)["paths"]
    operation = paths.get(BASE + request.scope["route"].path, {}).get(request.method.lower(), {})
    return [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
