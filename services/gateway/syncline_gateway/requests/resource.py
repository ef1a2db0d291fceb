"""Routes that are typed: what one takes and returns is what it reads, answers and documents.

The return type may be a msgspec struct, `Page[...]` of one, `Answer[...]` where headers go with
it, None for an empty 204, or a `Response` of the route's own making. A body is a struct, or
`Document[...]` where the domain checks more than a struct can say.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from syncline.domain.conversion import converted
from syncline_gateway.requests.answers import answer, returns
from syncline_gateway.requests.bodies import accepts, json_of

T = TypeVar("T")
BASE = "/api/v1"
Endpoint = Callable[..., Awaitable[object]]


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A value to answer with, and headers that go with it."""

    value: T
    headers: Mapping[str, str]


class Document(msgspec.Struct, Generic[T], frozen=True):
    """A body as a person wrote it: plain JSON values, with every number exact.

    Its type parameter is the struct that describes it in the OpenAPI document.
    """

    value: object


class Resource(APIRouter):
    """The routes of one resource."""

    def location(self, name: str) -> dict[str, str]:
        """Return the header that says where one of the resource's objects is."""
        return {"Location": f"{BASE}{self.prefix}/{quote(name)}"}

    def add_api_route(self, path: str, endpoint: Endpoint, **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        """Add a route; its annotations say what it reads and answers."""
        signature = inspect.signature(endpoint, eval_str=True)
        kind = signature.return_annotation
        if isinstance(kind, type) and issubclass(kind, Response):
            super().add_api_route(path, endpoint, **options)
            return
        status = options.get("status_code") or 200
        if kind is not None:
            shown = get_args(kind)[0] if get_origin(kind) is Answer else kind
            options["responses"] = returns(shown, status)

        @wraps(endpoint)
        async def answered(*args: object, **values: object) -> Response:
            found = await endpoint(*args, **values)
            if found is None:
                return Response(status_code=status)
            if isinstance(found, Answer):
                return answer(found.value, status, found.headers)
            return answer(found, status)

        parameters, last = [], []
        for each in signature.parameters.values():
            body = _body(each.annotation)
            if body is None:
                parameters.append(each)
                continue
            options["openapi_extra"] = accepts(body)
            reader = Annotated[object, Depends(_reader(each.annotation))]
            last.append(each.replace(annotation=reader, kind=inspect.Parameter.KEYWORD_ONLY))
        # A body is read last: who may not call learns nothing of what is wrong with it.
        answered.__signature__ = inspect.Signature([*parameters, *last])  # type: ignore[attr-defined]
        super().add_api_route(path, answered, **options | {"response_model": None})


def _body(annotation: Any) -> type[msgspec.Struct] | None:  # noqa: ANN401 - a type
    """Return the struct that describes a parameter that is a body, else None."""
    if get_origin(annotation) is Document:
        kind: type[msgspec.Struct] = get_args(annotation)[0]
        return kind
    is_struct = isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)
    return annotation if is_struct else None


def _reader(annotation: Any) -> Callable[[Request], Awaitable[object]]:  # noqa: ANN401 - a type
    async def read(request: Request) -> object:
        body = await json_of(request)
        if get_origin(annotation) is Document:
            return Document(body)
        return converted(body, annotation)

    return read
