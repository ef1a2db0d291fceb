"""Parameters that many routes have, and refusing those that a route does not have."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import GetCoreSchemaHandler, GetPydanticSchema
from pydantic_core import CoreSchema, core_schema

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import unknown


def _schema(_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's
    as_text = core_schema.to_string_ser_schema()
    return core_schema.no_info_after_validator_function(str, handler(UUID), serialization=as_text)


Id = Annotated[str, GetPydanticSchema(_schema)]
"""A route's parameter: an ID; the document calls it a UUID."""


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            max_length=100,
            description="The `ETag` that the edit is based on; 412 when it was changed meanwhile.",
        ),
    ] = None,
) -> str | None:
    return if_match and if_match.strip().removeprefix("W/").strip('"')


IfMatch = Annotated[str | None, Depends(_if_match)]
"""A route's parameter: the state that an edit is based on; `*` is any, None was not said."""


IdempotencyKey = Annotated[
    str | None,
    Header(max_length=200, description="The same key with the same body asks for one thing once."),
]
"""A route's parameter: what makes a request that is sent again the same one."""


def etag(mark: str) -> dict[str, str]:
    """Return the header that tells an object's state."""
    return {"ETag": f'"{mark}"'}


_NONE = "unknown parameter; this address has none"


async def only_known_parameters(request: Request) -> None:
    """Refuse query parameters that the route does not have. Raises InvalidInputError."""
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
    # fields of a model of query parameters have no class of their own
    others = (params.Path, params.Header)
    return [
        f.alias for f in get_flat_params(route.dependant) if not isinstance(f.field_info, others)
    ]
