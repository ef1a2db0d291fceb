"""A walk over every route of the OpenAPI document: who is let in, and what nobody else may see."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from syncline_gateway.openapi_page import document
from syncline_gateway.requests.parameters import cursor_of, digest_of
from tests.support.access import give_key
from tests.support.gateway import Gateway, problem
from tests.support.other_tenant import INSTANCE, contents, everything, unknown
from tests.support.roles import OPEN, RUNNER_MAY

DOCUMENT: dict[str, Any] = document()
OPERATIONS = [
    (method.upper(), path.removeprefix("/api/v1"), operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
OF_NO_TENANT = (
    "users",
    "tenants",
    "schemas",
    "canonical-schemas",
    "connectors",
    "templates",
    "hooks",
)
"""Resources that belong to none, and are for Platform Admins, or the same for all.
Whoever knows the ID of a hook may send to it, and the signature decides."""


def address(path: str, values: tuple[str, ...] = ()) -> str:
    """Fill the places of a path, with what no object is called where no value is left."""
    left = iter(values)
    parts = [next(left, str(uuid4())) if p.startswith("{") else p for p in path.split("/")]
    return "/".join(parts)


def body_of(operation: dict[str, Any]) -> Any:
    """Return a body that fits an operation's schema, as small as can be; None: it has none."""
    content = operation.get("requestBody", {}).get("content", {})
    return smallest(content["application/json"]["schema"]) if content else None


def smallest(schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return smallest(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return smallest(schema["anyOf"][0])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        return {
            name: smallest(fields[name]) for name in schema.get("required", []) if name in fields
        }
    if kind == "array":
        return [smallest(schema["items"])] * schema.get("minItems", 0)
    plain = {
        "string": "x" * schema.get("minLength", 1),
        "integer": 1,
        "number": 1.5,
        "boolean": True,
    }
    return plain.get(str(kind))


async def test_nobody_is_let_in_without_a_key_or_a_session(place: Gateway) -> None:
    let_in = []
    async with place.client() as stranger:
        for method, path, _ in OPERATIONS:
            if f"{method} {path}" not in OPEN:
                answer = await stranger.request(method, address(path))
                if problem(answer) != (401, "unauthenticated"):
                    let_in.append((method, path, answer.status_code))
    assert let_in == []


async def test_runner_changes_nothing(place: Gateway) -> None:
    changed: list[Any] = []
    async with place.client(await give_key(place.database, "runner")) as runner:
        for method, path, _ in OPERATIONS:
            name = f"{method} {path}"
            if method != "GET" and name not in OPEN | RUNNER_MAY:
                answer = await runner.request(method, address(path), json={})
                if problem(answer) != (403, "forbidden"):
                    changed.append((name, answer.status_code))
    assert changed == []


MADE_UP = (["x"], ["x", "y"], ["a\0b"], ["a\0b", "c"], ["9" * 30], ["9" * 30, "9" * 30],
           ["2026-01-01"], ["2026-01-01", "x"], ["99999-01-01", "1"], [""], ["1"] * 9,
           ["", ""], ["=", "="], ["=x", "=y"], ["=a\0b", "=c"], ["=x", ""], ["=9", "=9"],
           ["=" + "9" * 30, "=" + "9" * 30], ["=2026-01-01", "=x"],
           ["=99999-01-01", "=1"])  # fmt: skip
"""Sort keys that no list ever gave, in cursors that belong to their list."""


async def test_a_made_up_cursor_breaks_no_list(place: Gateway) -> None:
    lists = {
        path: {p["name"]: "x" for p in operation["parameters"] if p["required"]}
        for method, path, operation in OPERATIONS
        if method == "GET" and "cursor" in [p["name"] for p in operation.get("parameters", ())]
        and "{" not in path
    }  # fmt: skip
    assert len(lists) > 10
    broken = []
    async with place.client(await give_key(place.database, "platform_admin")) as admin:
        for path, needed in lists.items():
            digest = digest_of(f"/api/v1{path}", [])
            for key in MADE_UP:
                answer = await admin.get(path, params={"cursor": cursor_of(digest, key)} | needed)
                if answer.status_code not in (200, 400):
                    broken.append((path, key, answer.status_code))
    assert broken == []


async def test_a_parameter_that_a_route_does_not_have_is_refused(place: Gateway) -> None:
    taken: list[Any] = []
    async with place.client(await give_key(place.database, "platform_admin")) as admin:
        for method, path, _ in OPERATIONS:
            answer = await admin.request(method, address(path), params={"colour": "red"}, json={})
            paths = [error["path"] for error in answer.json().get("errors", ())]
            if answer.status_code != 422 or "query.colour" not in paths:
                taken.append((method, path, answer.status_code, answer.text[:200]))
    assert taken == []


async def test_a_misspelt_filter_lists_nothing(place: Gateway) -> None:
    async with place.client(await give_key(place.database, "user")) as user:
        answer = await user.get("/runs", params={"instnace": "erp-shop"})
    assert problem(answer) == (422, "invalid_input")
    (error,) = answer.json()["errors"]
    assert error["message"] == "unknown parameter; did you mean `instance`?"


async def test_another_tenants_object_is_as_if_it_were_not_there(place: Gateway) -> None:
    theirs = await everything(place.database)
    before = await contents(place.database)
    assert {table for table, rows in before.items() if not rows} <= {"batches"}
    told: list[Any] = []
    async with place.client(await give_key(place.database, "user")) as user:
        for method, path, operation in OPERATIONS:
            resource = path.split("/")[1]
            if "{" not in path or resource in OF_NO_TENANT:
                continue
            values = theirs[resource]  # a new resource? name one of its objects in other_tenant
            body = body_of(operation)
            of_theirs = await ask(user, method, address(path, values), body)
            fake = tuple(map(unknown, values))
            of_nothing = await ask(user, method, address(path, fake), body)
            if of_theirs[0] < 400:
                told.append((method, path, *of_theirs))
            if plain(of_theirs, values) != plain(of_nothing, fake):
                told.append((method, path, of_theirs, of_nothing))
    assert told == []
    assert await contents(place.database) == before


async def test_lists_hold_nothing_of_another_tenant(place: Gateway) -> None:
    await everything(place.database)
    told = []
    async with place.client(await give_key(place.database, "user")) as user:
        for method, path, _ in OPERATIONS:
            if method == "GET" and "{" not in path and path != "/events":
                answer = await user.get(path)
                if "north" in answer.text or INSTANCE in answer.text:
                    told.append((path, answer.text[:300]))
    assert told == []


async def ask(user: httpx.AsyncClient, method: str, path: str, body: Any) -> tuple[int, str]:
    answer = await user.request(method, path, json=body)
    return answer.status_code, answer.text


def plain(answer: tuple[int, str], values: tuple[str, ...]) -> tuple[int, str]:
    """Take the values that were asked with out of an answer."""
    text = answer[1]
    for place, value in enumerate(values):
        if value != "1":
            text = text.replace(value, f"<{place}>")
    return answer[0], text
