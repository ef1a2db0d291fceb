"""Sessions over HTTP: set-up, sign-in, cookie, CSRF, tenants, and everything that is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from syncline.actions.sign_in import local_sign_in_link, set_up_link
from syncline_gateway.access.caller import COOKIE, CSRF_HEADER
from tests.support.access import give_key
from tests.support.gateway import HOST, Gateway, gateway, problem

ADMIN = {"name": "alice", "password": "correct horse"}


@pytest.fixture
async def browser(place: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the first Platform Admin is signed in."""
    link = await set_up_link(place.database)
    async with place.client() as client:
        answer = await client.post("/setup", json=ADMIN | {"link": link})
        assert answer.status_code == 200, answer.text
        client.headers[CSRF_HEADER] = answer.json()["csrfToken"]
        yield client


async def invite(browser: httpx.AsyncClient, **fields: Any) -> str:
    """Add a user and return the token of the link to choose a password."""
    answer = await browser.post("/users", json={"role": "user", "tenants": ["default"]} | fields)
    assert answer.status_code == 201, answer.text
    link: str = answer.json()["passwordLink"]["link"]
    return link.partition("#")[2]


async def test_installation_is_set_up_once(place: Gateway) -> None:
    link = await set_up_link(place.database)
    async with place.client() as client:
        assert (await client.get("/setup")).json() == {"needed": True}
        short = await client.post("/setup", json=ADMIN | {"link": link, "password": "short"})
        assert problem(short) == (422, "invalid_input")
        assert short.json()["errors"][0]["path"] == "$.password"
        assert "short" not in short.json()["detail"].replace("short,", "")
        done = await client.post("/setup", json=ADMIN | {"link": link})
        assert done.status_code == 200
        assert done.json()["role"] == "platform_admin"
        assert (await client.get("/setup")).json() == {"needed": False}
        assert problem(await client.post("/setup", json=ADMIN | {"link": link}))[0] == 401


async def test_cookie_is_kept_from_scripts_and_other_sites(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/session", json=ADMIN)
    cookie = answer.headers["set-cookie"]
    parts = [part.strip().lower() for part in cookie.split(";")]
    assert parts[0].startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(parts)
    assert "secure" not in parts
    assert answer.headers["cache-control"] == "no-store"


async def test_cookie_is_secure_where_https_is_spoken(postgres: str) -> None:
    async with gateway(postgres, public_url=f"https://{HOST}") as place, place.client() as client:
        link = await local_sign_in_link(place.database)
        answer = await client.post("/session/link", json={"link": link})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{COOKIE}=")
        assert "secure" in cookie.lower()
        own = {"Origin": f"https://{HOST}"}
        assert (await client.post("/session", json=ADMIN, headers=own)).status_code == 401


async def test_signing_in_again_ends_the_session_that_was(browser: httpx.AsyncClient) -> None:
    before = browser.cookies[COOKIE]
    assert (await browser.post("/session", json=ADMIN)).status_code == 200
    assert browser.cookies[COOKIE] != before
    browser.cookies.clear()
    browser.cookies.set(COOKIE, before, domain=HOST)
    assert problem(await browser.get("/session")) == (401, "unauthenticated")


async def test_a_name_that_was_made_to_lead_here_is_not_the_consoles(postgres: str) -> None:
    named = gateway(postgres, public_url="http://sync.corp:18000")
    async with named as place, place.client() as client:  # by HOST, as a rebound name would
        foreign = {"Origin": f"http://{HOST}"}
        refused = await client.post("/session", json=ADMIN, headers=foreign)
        assert problem(refused) == (403, "foreign_origin")
        assert "SYNCLINE_PUBLIC_URL" in refused.json()["detail"]
        for own in ("127.0.0.1:18000", "localhost:18000", "[::1]:18000", "sync.corp:18000"):
            headers = {"Origin": f"http://{own}", "Host": own}
            answer = await client.post("/session", json=ADMIN, headers=headers)
            assert problem(answer) == (401, "unauthenticated"), own


async def test_who_is_signed_in_is_told_and_signed_out(browser: httpx.AsyncClient) -> None:
    said = (await browser.get("/session")).json()
    assert (said["name"], said["role"], said["tenants"]) == ("alice", "platform_admin", ["default"])
    cookie = browser.cookies[COOKIE]
    assert (await browser.delete("/session")).status_code == 204
    assert COOKIE not in browser.cookies
    assert problem(await browser.get("/session")) == (401, "unauthenticated")
    browser.cookies.set(COOKIE, cookie, domain=HOST)
    assert problem(await browser.get("/session")) == (401, "unauthenticated")


async def test_wrong_name_and_wrong_password_get_the_same_answer(
    browser: httpx.AsyncClient, place: Gateway
) -> None:
    async with place.client() as stranger:
        bodies = [
            (await stranger.post("/session", json={"name": n, "password": p})).json()
            for n, p in (("alice", "wrong horse"), ("bob", "correct horse"), ("bob\0", "\0"))
        ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["detail"] == "the name or the password is wrong"


async def test_guessing_is_slowed_down(browser: httpx.AsyncClient, place: Gateway) -> None:
    async with place.client(address="192.0.2.66") as guesser:
        for _ in range(5):
            answer = await guesser.post("/session", json=ADMIN | {"password": "guess"})
            assert problem(answer) == (401, "unauthenticated")
        refused = await guesser.post("/session", json=ADMIN)
        assert problem(refused) == (429, "too_many_attempts")
        assert 0 < int(refused.headers["retry-after"]) <= 900
    assert (await browser.post("/session", json=ADMIN)).status_code == 200


@pytest.mark.parametrize("token", [None, "", "wrong", "\u00fc".encode()])
async def test_write_by_cookie_needs_the_csrf_token(browser: httpx.AsyncClient, token: Any) -> None:
    del browser.headers[CSRF_HEADER]
    headers = {} if token is None else {CSRF_HEADER: token}
    answer = await browser.post("/tenants", json={"id": "north"}, headers=headers)
    assert problem(answer) == (403, "csrf")
    assert (await browser.get("/tenants")).json()["items"][0]["id"] == "default"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}:8081"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_page_of_another_site_can_neither_write_nor_sign_in(
    browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await browser.post("/tenants", json={"id": "north"}, headers=headers)
    assert problem(answer) == (403, "foreign_origin")
    assert problem(await browser.post("/session", json=ADMIN, headers=headers))[0] == 403


async def test_form_of_another_page_is_no_body(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/tenants", data={"id": "north"})
    assert answer.status_code in (415, 422)


async def test_own_page_may_write(browser: httpx.AsyncClient) -> None:
    own = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"}
    made = await browser.post("/tenants", json={"id": "north"}, headers=own)
    assert (made.status_code, made.json()["triggerTopic"]) == (201, None)  # without Kafka


async def test_person_chooses_a_password_once(browser: httpx.AsyncClient, place: Gateway) -> None:
    link = await invite(browser, name="bob", role="runner")
    async with place.client() as bob:
        chosen = {"link": link, "password": "a longer one"}
        weak = await bob.post("/password", json=chosen | {"password": "password"})
        assert problem(weak) == (422, "invalid_input")
        assert (await bob.post("/password", json=chosen)).json()["role"] == "runner"
        assert problem(await bob.post("/password", json=chosen)) == (401, "unauthenticated")
        signed_in = await bob.post("/session", json={"name": "Bob", "password": "a longer one"})
        assert signed_in.json()["name"] == "bob"


async def test_own_password_is_changed_by_who_knows_it(
    browser: httpx.AsyncClient, place: Gateway
) -> None:
    async with place.client() as elsewhere:
        await elsewhere.post("/session", json=ADMIN)
        wrong = {"current": "wrong horse", "password": "another horse"}
        refused = await browser.put("/session/password", json=wrong)
        assert refused.json()["errors"][0]["path"] == "$.current"
        right = {"current": "correct horse", "password": "another horse"}
        assert (await browser.put("/session/password", json=right)).status_code == 200
        assert (await browser.get("/session")).status_code == 200
        assert problem(await elsewhere.get("/session"))[0] == 401


async def test_disabled_person_is_out_at_once(browser: httpx.AsyncClient, place: Gateway) -> None:
    link = await invite(browser, name="bob")
    async with place.client() as bob:
        chosen = await bob.post("/password", json={"link": link, "password": "a longer one"})
        assert chosen.status_code == 200
        (user,) = (await browser.get("/users", params={"search": "OB"})).json()["items"]
        change = await browser.patch(f"/users/{user['id']}", json={"disabled": True})
        assert change.json()["disabled"] is True
        assert problem(await bob.get("/session"))[0] == 401


async def test_tenant_is_switched_to_assigned_ones_only(
    browser: httpx.AsyncClient, place: Gateway
) -> None:
    for tenant in ("north", "south"):
        await browser.post("/tenants", json={"id": tenant})
    link = await invite(browser, name="bob", tenants=["default", "north"])
    async with place.client() as bob:
        said = (await bob.post("/password", json={"link": link, "password": "a longer one"})).json()
        bob.headers[CSRF_HEADER] = said["csrfToken"]
        assert (said["tenant"], said["tenants"]) == ("default", ["default", "north"])
        switched = await bob.put("/session/tenant", json={"tenant": "north"})
        assert switched.json()["tenant"] == "north"
        assert (await bob.get("/session")).json()["tenant"] == "north"
        refused = await bob.put("/session/tenant", json={"tenant": "south"})
        assert problem(refused) == (404, "not_found")
        once = await bob.get("/session", headers={"X-Syncline-Tenant": "default"})
        assert once.json()["tenant"] == "default"
        not_theirs = await bob.get("/session", headers={"X-Syncline-Tenant": "south"})
        assert problem(not_theirs) == (404, "not_found")
        assert [t["id"] for t in (await bob.get("/tenants")).json()["items"]] == [
            "default", "north",
        ]  # fmt: skip
    assert (await browser.put("/session/tenant", json={"tenant": "south"})).status_code == 200


async def test_sign_in_link_of_dev_works_once(place: Gateway) -> None:
    link = await local_sign_in_link(place.database)
    async with place.client() as client:
        assert (await client.post("/session/link", json={"link": link})).json()["name"] == "admin"
        assert problem(await client.post("/session/link", json={"link": link}))[0] == 401


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "$.name"),
        ({"name": "a", "password": "x", "admin": True}, "$.admin"),
        ({"name": 1, "password": "x"}, "$.name"),
        ({"name": "a" * 500, "password": "x"}, "$.name"),
        ({"name": "a", "password": ["x"]}, "$.password"),
    ],
)
async def test_malformed_sign_in_is_named_by_its_field(
    place: Gateway, body: Any, path: str
) -> None:
    async with place.client() as client:
        answer = await client.post("/session", json=body)
    assert problem(answer) == (422, "invalid_input")
    assert path in [error["path"] for error in answer.json()["errors"]]


async def test_huge_body_is_refused_unread(place: Gateway) -> None:
    async with place.client() as client:
        raw = b'{"name":"' + b"a" * 10_000_000 + b'"}'
        answer = await client.post(
            "/session", content=raw, headers={"Content-Type": "application/json"}
        )
    assert problem(answer) == (413, "too_large")


async def test_api_key_has_no_session(place: Gateway) -> None:
    async with place.client(await give_key(place.database)) as program:
        said = (await program.get("/session")).json()
        assert (said["csrfToken"], said["tenant"]) == (None, "default")
        assert problem(await program.delete("/session")) == (403, "forbidden")
