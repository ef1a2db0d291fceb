"""Routes that are typed: what one takes and returns is what it reads, answers and documents.

The return type may be a msgspec struct, `Page[...]` of one, `Answered[...]` where headers go with
it, None for an empty 204, or a `Response` of the route's own making. A body is a pydantic `Body`,
a struct, or `Document[...]` where the domain checks more than a struct can say. The structs are
the read models that the command line prints with `--json`, so both say the same.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import wraps
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from starlette.responses import StreamingResponse

from syncline.contracts.messages import decoder_of
from syncline.domain.conversion import converted, malformed_at
from syncline.domain.record import JsonObject
from syncline_gateway.requests.problems import ProblemError

_REF = "#/components/schemas/{name}"
_ANSWERED: JsonObject = {}
"""Every type that a route answers with, by the name of its schema."""
_ACCEPTED: JsonObject = {}
"""Every type that a route reads from a body, likewise."""


def returns(kind: Any, status: int = 200) -> dict[int | str, JsonObject]:  # noqa: ANN401 - a type
    """Return the `responses` of a route that answers with a struct, or a page of one."""
    name = schema_name(kind)
    _ANSWERED[name] = kind
    description = (kind.__doc__ or "").partition("\n")[0] or name
    return {status: {"description": description, "content": content_of(name)}}


def accepts(kind: type[msgspec.Struct]) -> JsonObject:
    """Document what a route reads from a body: the `openapi_extra` of its decorator."""
    _ACCEPTED[kind.__name__] = kind
    return {"requestBody": {"required": True, "content": content_of(kind.__name__)}}


def content_of(name: str, media_type: str = "application/json") -> JsonObject:
    """Return the `content` that refers to a schema."""
    return {media_type: {"schema": {"$ref": _REF.format(name=name)}}}


def schema_name(kind: Any) -> str:  # noqa: ANN401 - a type
    """Return the name under which a type stands in the document: RunViewPage for Page[RunView]."""
    parameters = getattr(kind, "__args__", ())
    name: str = getattr(kind, "__origin__", kind).__name__
    return "".join([*map(schema_name, parameters), name])


def components() -> JsonObject:
    """Return the schemas of everything that routes answer with or accept, by name."""
    found: JsonObject = {}
    for name, kind in _ACCEPTED.items():
        found |= _schemas(name, kind)
    for name, kind in _ANSWERED.items():
        found |= {part: _all_required(schema) for part, schema in _schemas(name, kind).items()}
    return found


def _schemas(name: str, kind: Any) -> dict[str, JsonObject]:  # noqa: ANN401 - a type
    """Return the schemas of a type and of all that it is made of."""
    (root,), parts = msgspec.json.schema_components([kind], ref_template=_REF)
    parts[name] = parts.pop(root["$ref"].rpartition("/")[2]) | {"title": name}
    return parts


def _all_required(schema: JsonObject) -> JsonObject:
    """Answers leave no field out, whatever its default."""
    if "properties" in schema:
        return schema | {"required": list(schema["properties"])}
    return schema


class Body(BaseModel):
    """A request's body: camelCase, nothing unknown, nothing converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, hide_input_in_errors=True
    )


async def json_of(request: Request) -> object:
    """Return the decoded body; decimals stay exact. Raises ProblemError: 415 or 400, no JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ProblemError(
            415, "unsupported_media_type", "send JSON: Content-Type application/json"
        )
    raw = await request.body()
    try:
        return decoder_of(object).decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        where = malformed_at(raw) or "not UTF-8 text, nested too deeply, or a malformed number"
        raise ProblemError(400, "malformed_json", f"the body is no JSON: {where}") from None


T = TypeVar("T")
BASE = "/api/v1"
encode = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
"""Writes what routes answer with."""
SLICE = 256 * 1024
"""Bytes of an answer that are compressed and sent at once."""
Endpoint = Callable[..., Awaitable[object]]


class Answered(msgspec.Struct, Generic[T], frozen=True):
    """A value to answer with, and headers that go with it."""

    value: T
    headers: Mapping[str, str]


class Document(msgspec.Struct, Generic[T], frozen=True):
    """A JSON body with every number exact; the type parameter describes it in OpenAPI."""

    value: object


class Resource(APIRouter):
    """The routes of one resource. A function's name is part of the API: clients call it so."""

    def location(self, name: str) -> dict[str, str]:
        """Return the header that says where one of the resource's objects is."""
        return {"Location": f"{BASE}{self.prefix}/{quote(name)}"}

    def add_api_route(self, path: str, endpoint: Endpoint, **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        """Add a route; its annotations say what it reads and answers."""
        options["operation_id"] = to_camel(options.get("name") or endpoint.__name__)
        signature = inspect.signature(endpoint, eval_str=True)
        kind = signature.return_annotation
        if isinstance(kind, type) and issubclass(kind, Response):
            super().add_api_route(path, endpoint, **options)
            return
        status = options["status_code"] or 200
        if kind is not None:
            shown = get_args(kind)[0] if get_origin(kind) is Answered else kind
            options |= {"responses": returns(shown, status), "response_model": None}
        bodies = [(each, _body(each)) for each in signature.parameters.values()]
        for body in [body for _, body in bodies if body is not None]:
            options["openapi_extra"] = accepts(body)
        parameters = [each if body is None else _read_last(each) for each, body in bodies]
        parameters.sort(key=lambda each: each.kind)
        route = _answering(endpoint, status)
        route.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        super().add_api_route(path, route, **options)


def _answering(endpoint: Endpoint, status: int) -> Endpoint:
    """Return the route that answers with what an endpoint returns."""

    @wraps(endpoint)
    async def answered(*args: object, **values: object) -> Response:
        found = await endpoint(*args, **values)
        if found is None:
            return Response(status_code=status)
        if not isinstance(found, Answered):
            found = Answered(found, {})
        return response_of(encode(found.value), status, dict(found.headers))

    return answered


def response_of(body: bytes, status: int, headers: dict[str, str]) -> Response:
    """Answer with JSON; others have their turns while what is long is compressed and sent."""
    if len(body) <= SLICE:
        return Response(body, status, headers, "application/json")
    headers["Content-Length"] = str(len(body))
    return StreamingResponse(_slices(body), status, headers, "application/json")


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), SLICE):
        yield body[start : start + SLICE]
        await asyncio.sleep(0)


def _read_last(parameter: inspect.Parameter) -> inspect.Parameter:
    """Let a body be read last: who may not call learns nothing of what is wrong with it."""
    reader = Annotated[object, Depends(_reader(parameter.annotation))]
    return parameter.replace(annotation=reader, kind=inspect.Parameter.KEYWORD_ONLY)


def _body(parameter: inspect.Parameter) -> type[msgspec.Struct] | None:
    """Return the struct that describes a parameter that is a body, else None."""
    annotation = parameter.annotation
    if parameter.default is not parameter.empty:
        return None  # a dependency
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
