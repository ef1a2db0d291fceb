"""API keys, users and the audit log over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from syncline.security.tokens import new_api_key
from syncline.testing.clock import FakeClock
from syncline_gateway.access.caller import FRESH
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.gateway import Gateway, gateway, problem


@pytest.fixture
async def admin(place: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with place.client(await give_key(place.database)) as client:
        yield client


async def test_key_is_shown_once_and_lets_a_program_in(
    admin: httpx.AsyncClient, place: Gateway
) -> None:
    made = await admin.post("/api-keys", json={"name": "billing", "days": 30})
    assert made.status_code == 201
    key, view = made.json()["key"], made.json()["apiKey"]
    assert (view["name"], view["role"], view["status"]) == ("billing", "runner", "active")
    assert key.startswith(view["prefix"])
    async with place.client({"Authorization": f"ApiKey {key}"}) as program:
        assert (await program.get("/session")).json()["name"] == "api-key:billing"
    listed = await admin.get("/api-keys")
    assert key not in listed.text
    assert listed.json()["items"][0]["usedAt"] is not None
    assert (await admin.get(f"/api-keys/{view['id']}")).json()["name"] == "billing"


async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    admin: httpx.AsyncClient, place: Gateway
) -> None:
    made = (await admin.post("/api-keys", json={"name": "gone"})).json()
    await admin.delete(f"/api-keys/{made['apiKey']['id']}")
    expired = (await admin.post("/api-keys", json={"name": "old", "days": 1})).json()
    await place.database.execute(
        "update api_keys set expires_at = now() where prefix = $1", expired["apiKey"]["prefix"]
    )
    given = [
        None, "", "ApiKey", "ApiKey ", "Bearer x", "ApiKey x", f"ApiKey {made['key']}",
        f"ApiKey {expired['key']}", f"ApiKey {new_api_key().text}", f"Bearer {made['key']}",
        f"ApiKey {expired['apiKey']['prefix']}_{new_api_key().text[-48:]}", "ApiKey " + "x" * 5000,
    ]  # fmt: skip
    answers = []
    for authorization in given:
        headers = {} if authorization is None else {"Authorization": authorization}
        async with place.client(headers) as program:
            answers.append(await program.get("/session"))
    assert {problem(answer) for answer in answers} == {(401, "unauthenticated")}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {"ApiKey"}


async def test_revoked_key_is_refused_here_at_once_and_elsewhere_within_5_seconds(
    admin: httpx.AsyncClient, place: Gateway, postgres: str
) -> None:
    made = (await admin.post("/api-keys", json={"name": "billing"})).json()
    header = {"Authorization": f"ApiKey {made['key']}"}
    async with gateway(postgres) as other:
        clock = FakeClock()
        other.app.state.authentication._clock = clock
        async with place.client(header) as here, other.client(header) as there:
            assert (await here.get("/session")).status_code == 200
            assert (await there.get("/session")).status_code == 200
            revoked = await admin.delete(f"/api-keys/{made['apiKey']['id']}")
            assert revoked.json()["status"] == "revoked"
            assert (await here.get("/session")).status_code == 401
            await clock.advance(FRESH)
            assert (await there.get("/session")).status_code == 401
    assert FRESH < 5


async def test_nobody_makes_a_key_above_their_own_role(place: Gateway) -> None:
    async with place.client(await give_key(place.database, "user")) as user:
        for role, status in (("platform_admin", 403), ("user", 201), ("runner", 201)):
            answer = await user.post("/api-keys", json={"name": role, "role": role})
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "$.name"),
        ({"name": "a\0b"}, "$.name"),
        ({"name": "a", "days": 0}, "$.days"),
        ({"name": "a", "days": "ten"}, "$.days"),
        ({"name": "a", "role": "root"}, "$.role"),
        ({"name": "a", "tenant": "north"}, "$.tenant"),
    ],
)
async def test_wrong_key_is_refused_by_its_field(
    admin: httpx.AsyncClient, body: dict[str, object], path: str
) -> None:
    answer = await admin.post("/api-keys", json=body)
    assert problem(answer) == (422, "invalid_input")
    assert answer.json()["errors"][0]["path"] == path


async def test_key_works_in_its_tenant_alone_unless_it_is_an_admins(
    admin: httpx.AsyncClient, place: Gateway
) -> None:
    north = {"X-Syncline-Tenant": "north"}
    async with place.client(await give_key(place.database, "user", "north")) as user:
        assert (await user.get("/session", headers=north)).json()["tenant"] == "north"
        other = await user.get("/session", headers={"X-Syncline-Tenant": "default"})
        assert problem(other) == (404, "not_found")
        assert [t["id"] for t in (await user.get("/tenants")).json()["items"]] == ["north"]
    assert (await admin.get("/session", headers=north)).json()["tenant"] == "north"
    nowhere = await admin.get("/session", headers={"X-Syncline-Tenant": "nowhere"})
    assert problem(nowhere) == (404, "not_found")


async def test_a_tenant_counts_no_instances_that_are_deleted(
    admin: httpx.AsyncClient, place: Gateway
) -> None:
    await configure(place.database)
    before = (await admin.get("/tenants")).json()["items"][0]
    await place.database.execute("update instances set deleted_at = now()")
    after = (await admin.get("/tenants")).json()["items"][0]
    assert before["instances"] > 0
    assert after["instances"] == 0


async def test_users_are_listed_in_pages(admin: httpx.AsyncClient) -> None:
    for name in ("Anna", "bert", "Carl"):
        body = {"name": name, "role": "user", "tenants": ["default"]}
        assert (await admin.post("/users", json=body)).status_code == 201
    first = (await admin.get("/users", params={"limit": 2})).json()
    rest = await admin.get("/users", params={"limit": 2, "cursor": first["next"]})
    names = [user["name"] for page in (first, rest.json()) for user in page["items"]]
    assert (names, rest.json()["next"]) == (["Anna", "bert", "Carl"], None)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"name": "x", "role": "user", "tenants": []}, 422, "$.tenants"),
        ({"name": "x", "role": "user", "tenants": ["a\0"]}, 422, "$"),
        ({"name": "x", "role": "user", "tenants": ["nowhere"]}, 422, "$.tenants"),
        ({"name": "x", "role": "owner"}, 422, "$.role"),
        ({"name": " ", "role": "platform_admin"}, 422, "$.name"),
    ],
)
async def test_wrong_user_is_refused_by_its_field(
    admin: httpx.AsyncClient, body: dict[str, object], code: int, path: str
) -> None:
    answer = await admin.post("/users", json=body)
    assert problem(answer)[0] == code
    assert answer.json()["errors"][0]["path"] == path


async def test_unknown_user_is_not_found(admin: httpx.AsyncClient) -> None:
    for answer in (
        await admin.get("/users/nobody"),
        await admin.patch("/users/nobody", json={"disabled": True}),
        await admin.post("/users/nobody/password-link"),
    ):
        assert problem(answer) == (404, "not_found")


async def test_audit_log_says_who_did_what_from_where(
    admin: httpx.AsyncClient, place: Gateway
) -> None:
    body = {"name": "anna", "role": "user", "tenants": ["default"]}
    await admin.post("/users", json=body)
    entries = (await admin.get("/audit-log", params={"object": "anna"})).json()["items"]
    assert [entry["action"] for entry in entries] == ["user.password_link", "user.created"]
    assert {entry["ip"] for entry in entries} == {"192.0.2.9"}
    assert all(entry["actor"].startswith("api-key:test") for entry in entries)
    one = await admin.get(f"/audit-log/{entries[0]['id']}")
    assert one.json() == entries[0]
    async with place.client(await give_key(place.database, "user")) as user:
        seen = (await user.get("/audit-log")).json()["items"]
        assert {entry["tenant"] for entry in seen} == {"default"}
        assert problem(await user.get(f"/audit-log/{entries[0]['id']}")) == (404, "not_found")


async def test_audit_log_is_read_in_pages_and_by_filters(admin: httpx.AsyncClient) -> None:
    for number in range(5):
        await admin.post("/tenants", json={"id": f"t{number}"})
    query = {"action": "tenant", "limit": "2"}
    seen, cursor = [], None
    while True:
        page = (await admin.get("/audit-log", params=query | ({"cursor": cursor} if cursor else {}))
                ).json()  # fmt: skip
        seen += [entry["object"] for entry in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["t4", "t3", "t2", "t1", "t0"]
    for wrong in (
        {"since": "2026-02-30"}, {"since": "soon"}, {"limit": "101"}, {"cursor": "x"},
        {"since": "2026-02-02", "until": "2026-02-01"}, {"actor": "a\0"}, {"action": "x" * 201},
    ):  # fmt: skip
        answer = await admin.get("/audit-log", params=wrong)
        assert problem(answer)[0] in (400, 422), wrong
