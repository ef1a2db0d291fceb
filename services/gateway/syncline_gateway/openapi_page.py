"""The OpenAPI document of the routes; `python -m syncline_gateway.openapi_page` writes it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi

from syncline.domain.record import JsonObject
from syncline_gateway.requests.parameters import only_known_parameters
from syncline_gateway.requests.problems import MEDIA_TYPE, ProblemDocument
from syncline_gateway.requests.resource import BASE, components, content_of, returns
from syncline_gateway.routes import ROUTERS

PAGE = Path("docs/openapi.json")
_DESCRIPTION = """Everything the console can do: the console is a client of this API alone.

Call it with `Authorization: ApiKey <key>`, or with the console's session. Errors are problems
(RFC 9457). Lists are read page by page: give `next` of a page as `cursor`.
"""
_SERVERS = [
    {"url": "/", "description": "The gateway that this document comes from."},
    {"url": "http://127.0.0.1:18000", "description": "The gateway of `syncline dev`."},
]


@cache
def api_router() -> APIRouter:
    """Return the routes of every app here: they hold nothing of one."""
    api = APIRouter(prefix=BASE, dependencies=[Depends(only_known_parameters)])
    for router in ROUTERS:
        api.include_router(router)
    return api


@cache
def document() -> JsonObject:
    """Return the OpenAPI 3.1 document; to make it takes half a second."""
    made = get_openapi(
        title="Syncline",
        version="1",
        summary="Moves business records between systems.",
        description=_DESCRIPTION,
        routes=api_router().routes,
    )
    return _finished(made)


def page() -> str:
    """Return the document as it is stored."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def _finished(made: JsonObject) -> JsonObject:
    returns(ProblemDocument)
    content = content_of(ProblemDocument.__name__, MEDIA_TYPE)
    failed = {"description": "It did not work; the problem says why.", "content": content}
    for item in made["paths"].values():
        for operation in item.values():
            _finish(operation, failed)
    made["servers"] = _SERVERS
    parts = made.setdefault("components", {})
    own = {n: s for n, s in parts.get("schemas", {}).items() if "ValidationError" not in n}
    parts["schemas"] = dict(sorted((own | components()).items()))
    parts["securitySchemes"] = {
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`ApiKey <key>`",
        }
    }
    made["security"] = [{"apiKey": []}]
    return made


def _finish(operation: JsonObject, failed: JsonObject) -> None:
    """Say of an operation how it may fail, in place of the framework's own words."""
    responses = operation["responses"]
    responses.pop("422", None)
    for answer in responses.values():
        content = answer.get("content", {})
        for kind in [kind for kind, body in content.items() if not body.get("schema")]:
            del content[kind]  # the framework's guess beside what a route streams
    responses["4XX"] = failed
    responses["5XX"] = failed


if __name__ == "__main__":
    PAGE.write_text(page())
