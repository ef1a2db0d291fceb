"""The OpenAPI 3.1 document of an app: its routes, the structs they answer with, the problems."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from syncline.domain.record import JsonObject
from syncline_gateway.requests.problems import MEDIA_TYPE, ProblemDocument
from syncline_gateway.requests.schemas import components, content_of, returns

_DESCRIPTION = """Everything the console can do: the console is a client of this API alone.

Call it with `Authorization: ApiKey <key>`, or with the console's session. Errors are problems
(RFC 9457). Lists are read page by page: give `next` of a page as `cursor`.
"""
_SERVERS = [
    {"url": "/", "description": "The gateway that this document comes from."},
    {"url": "http://127.0.0.1:18000", "description": "The gateway of `syncline dev`."},
]


def document(app: FastAPI) -> JsonObject:
    """Return the document of an app's routes; to make it takes half a second."""
    made = get_openapi(
        title="Syncline",
        version="1",
        summary="Moves business records between systems.",
        description=_DESCRIPTION,
        routes=app.routes,
    )
    return _finished(made)


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
