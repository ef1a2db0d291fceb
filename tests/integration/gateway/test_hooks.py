"""Hooks: who may send to them, what is stored, and what nobody else can do with them."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from syncline.postgres.audit.log import AuditFilter, AuditLog
from syncline.postgres.database.retention import Retention, remove_expired
from syncline.postgres.dead_letters.erasure import erase_record
from syncline.telemetry.metrics import METRICS
from syncline_gateway import hook_receiver
from syncline_gateway.access import connection_limits
from syncline_gateway.hook_receiver import DELIVERIES_AT_ONCE, LARGEST, REFUSALS_AT_ONCE
from tests.support import hooks
from tests.support.access import give_key
from tests.support.configured import configure
from tests.support.gateway import Gateway, problem, served

BODY = b'{"id": 7}'


@pytest.fixture
async def user(place: Gateway) -> Any:
    await configure(place.database)
    async with place.client(await give_key(place.database, "user")) as client:
        yield client


async def rows(place: Gateway, table: str) -> int:
    found: int = await place.database.fetchval(f"select count(*) from {table}")
    return found


async def send(
    place: Gateway, hook: str, headers: dict[str, str], body: bytes = BODY, **client: Any
) -> httpx.Response:
    async with place.client(**client) as system:
        return await system.post(f"/hooks/{hook}", headers=headers, content=body)


async def deliveries(user: httpx.AsyncClient, name: str = "shop items") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await user.get(f"/inbound-webhooks/{name}/deliveries")).json()[
        "items"
    ]
    return found


SIGNERS = [
    ({"scheme": "shopify"}, hooks.shopify),
    ({"scheme": "woocommerce"}, hooks.woocommerce),
    ({"scheme": "standard"}, hooks.standard),
    (hooks.PLAIN, hooks.plain),
]


@pytest.mark.parametrize(("signature", "sign"), SIGNERS)
async def test_a_signed_delivery_is_stored_once_and_a_wrong_one_never(
    place: Gateway, user: httpx.AsyncClient, signature: dict[str, Any], sign: Any
) -> None:
    hook, secret = await hooks.make_hook(user, signature)
    wrong = sign(secret[:-6] + "AAAAA=", BODY)
    for headers, body in (({}, BODY), (wrong, BODY), (sign(secret, BODY), b'{"id": 8}')):
        refused = await send(place, hook, headers, body)
        assert problem(refused) == (401, "unauthenticated")
        assert refused.json()["detail"] == "the signature is missing or wrong"
    assert [await rows(place, f"hook_{t}") for t in ("deliveries", "bodies", "changes")] == [0] * 3
    good = sign(secret, BODY)
    assert [(await send(place, hook, good)).status_code for _ in range(3)] == [202] * 3
    (only,) = await deliveries(user)
    assert (only["sourceIds"], only["records"], only["waiting"], only["ignored"]) == (
        ["7"], 1, 1, None,
    )  # fmt: skip


async def test_a_wix_delivery_is_answered_as_wix_asks(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    app = hooks.WixApp()
    signature = {"scheme": "wix", "publicKey": app.public_key}
    hook, _ = await hooks.make_hook(user, signature, sourceIds="entityId")
    event = {"id": "e-1", "entityId": "c-7"}
    assert (await send(place, hook, {}, app.token(event, iat=1))).status_code == 200
    again = await send(place, hook, {}, app.token(event, iat=2))
    assert again.status_code == 200
    assert [d["sourceIds"] for d in await deliveries(user)] == [["c-7"]]
    assert (await send(place, hook, {}, hooks.WixApp().token(event))).status_code == 401
    asked = await user.post("/inbound-webhooks/shop items/rotate-secret", json={})
    assert problem(asked) == (422, "invalid_input")


async def test_two_deliveries_of_woocommerce_in_one_second_have_one_id(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user, {"scheme": "woocommerce"})
    for body in (b'{"id": 1}', b'{"id": 2}'):
        assert (await send(place, hook, hooks.woocommerce(secret, body), body)).status_code == 202
    assert len(await deliveries(user)) == 2
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await send(place, hook, form, b"webhook_id=12")).status_code == 200
    assert (await send(place, hook, form, b"webhook_id=12&id=7")).status_code == 401
    assert len(await deliveries(user)) == 2


async def test_an_old_delivery_is_refused_where_its_time_is_signed(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user, {"scheme": "standard"})
    assert (await send(place, hook, hooks.standard(secret, BODY, at=1e9))).status_code == 401
    shown = (await user.get("/inbound-webhooks/shop items")).json()
    assert "more away" in shown["refusedWhy"]
    assert await deliveries(user) == []


async def test_both_secrets_count_for_a_day_after_a_rotation(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, first = await hooks.make_hook(user)
    given = {"secret": "given by the shop"}
    rotated = await user.post("/inbound-webhooks/shop items/rotate-secret", json=given)
    assert rotated.json()["secret"] == given["secret"]
    assert first not in rotated.text
    receiver = place.app.state.hooks
    for secret, status in ((first, 202), (given["secret"], 202)):
        receiver.forget()
        assert (await send(place, hook, hooks.shopify(secret, BODY))).status_code == status
    await place.database.execute("update hooks set rotated_at = now() - interval '25 hours'")
    receiver.forget()
    assert (await send(place, hook, hooks.shopify(first, BODY))).status_code == 401
    audited = await AuditLog(place.database).page(["default"], AuditFilter(action="hook"), 9)
    assert [entry.action for entry in audited] == [
        "hook.secret_rotated", "hook.secret_rotated", "hook.created",
    ]  # fmt: skip
    stored = await place.database.fetchval("select secret from hooks")
    assert first.encode() not in stored


@pytest.mark.parametrize("hook", [str(uuid4()), "x", "00000000", "%00"])
async def test_an_unknown_hook_is_not_found(place: Gateway, hook: str) -> None:
    assert problem(await send(place, hook, {})) == (404, "not_found")


async def test_another_tenants_hook_takes_only_what_is_signed_for_it(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    _, secret = await hooks.make_hook(user)
    await configure(place.database, tenant="north", instance="north-sync")
    async with place.client(await give_key(place.database, "user", "north")) as north:
        theirs, their_secret = await hooks.make_hook(north, instance="north-sync")
        assert (await send(place, theirs, hooks.shopify(secret, BODY))).status_code == 401
        assert (await send(place, theirs, hooks.shopify(their_secret, BODY))).status_code == 202
        assert len(await deliveries(north)) == 1
        (one,) = await deliveries(north)
    assert await deliveries(user) == []
    path = f"/inbound-webhooks/shop items/deliveries/{one['id']}/body"
    assert problem(await user.get(path)) == (404, "not_found")
    tenants = await place.database.fetch("select distinct tenant from hook_changes")
    assert [row["tenant"] for row in tenants] == ["north"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"sku": 1}', "there is nothing at id"),
        (b"no JSON", "the body is no JSON"),
        (b"\xff", "the body is no JSON"),
        (b"", "the body is no JSON"),
        (b"[" * 5000, "the body is no JSON"),
    ],
)
async def test_what_names_no_record_is_accepted_and_shown(
    place: Gateway, user: httpx.AsyncClient, body: bytes, why: str
) -> None:
    hook, secret = await hooks.make_hook(user)
    assert (await send(place, hook, hooks.shopify(secret, body), body)).status_code == 202
    (only,) = await deliveries(user)
    assert (only["ignored"], only["records"]) == (why, 0)


async def test_a_disabled_hook_takes_all_and_does_nothing(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user, enabled=False)
    assert (await send(place, hook, hooks.shopify(secret, BODY))).status_code == 202
    (only,) = await deliveries(user)
    assert (only["ignored"], only["waiting"]) == ("the hook is disabled", 0)
    shown = await user.post("/inbound-webhooks/shop items/enable")
    assert (shown.json()["status"], shown.json()["enabled"]) == ("enabled", True)


async def test_a_hook_without_a_secret_takes_nothing(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, _ = await hooks.make_hook(user)
    await place.database.execute("update hooks set secret = null")
    assert (await send(place, hook, hooks.shopify("", BODY))).status_code == 401
    assert (await user.get("/inbound-webhooks/shop items")).json()["status"] == "no_secret"


async def test_a_huge_body_is_refused_before_it_is_read(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user)
    body = b" " * (LARGEST + 1)
    assert problem(await send(place, hook, hooks.shopify(secret, body), body)) == (413, "too_large")
    read = 0

    async def endless() -> Any:
        nonlocal read
        while True:
            read += 65_536
            yield b" " * 65_536

    async with place.client() as system:
        answer = await system.post(f"/hooks/{hook}", content=endless())
    assert problem(answer) == (413, "too_large")
    assert read <= LARGEST + 2 * 65_536
    assert await rows(place, "hook_deliveries") == 0


async def test_a_slow_body_ends_and_others_are_answered_meanwhile(
    place: Gateway, user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "BODY_WITHIN", 0.3)
    hook, secret = await hooks.make_hook(user)
    async with served(place) as url:
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /api/v1/hooks/{hook} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b"{")
        async with httpx.AsyncClient(base_url=f"{url}/api/v1") as system:
            good = await system.post(
                f"/hooks/{hook}", headers=hooks.shopify(secret, BODY), content=BODY
            )
        assert good.status_code == 202
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
    assert len(await deliveries(user)) == 1


async def test_a_forged_flood_fills_nothing_and_the_sender_goes_on(
    place: Gateway, user: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    hook, secret = await hooks.make_hook(user)
    refusals = METRICS.hook_refusals.labels("signature")
    before = refusals._value.get()
    wrong = hooks.shopify("a wrong one", BODY)
    answers = [(await send(place, hook, wrong)).status_code for _ in range(REFUSALS_AT_ONCE + 30)]
    assert answers == [401] * REFUSALS_AT_ONCE + [429] * 30
    assert refusals._value.get() - before == len(answers)
    assert [await rows(place, f"hook_{t}") for t in ("deliveries", "bodies", "changes")] == [0] * 3
    assert (await send(place, hook, hooks.shopify(secret, BODY))).status_code == 202
    other = await send(place, hook, wrong, address="192.0.2.10")
    assert other.status_code == 401
    unknown = await send(place, str(uuid4()), {})
    assert problem(unknown) == (429, "too_many_requests")


async def test_refusals_are_noted_now_and_then(
    place: Gateway, user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    hook, _ = await hooks.make_hook(user)
    monkeypatch.setattr(hook_receiver.log, "warning", lambda event, **_: noted.append(event))
    for address in range(50):
        await send(place, hook, {}, address=f"198.51.100.{address}")
    assert noted == ["hook_refused"]


async def test_a_hook_takes_so_many_deliveries_at_once(
    place: Gateway, user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, secret = await hooks.make_hook(user)
    throttle = place.app.state.hooks._deliveries
    for _ in range(DELIVERIES_AT_ONCE):
        throttle.take(hook)
    monkeypatch.setattr(throttle, "_rate", 0.001)
    refused = await send(place, hook, hooks.shopify(secret, BODY))
    assert problem(refused) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) > 0


async def test_bodies_above_a_days_share_are_not_kept_but_their_changes_are(
    place: Gateway, user: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, secret = await hooks.make_hook(user)
    share = place.app.state.hooks._bytes
    share.take(hook, hook_receiver.KEPT_BYTES)
    monkeypatch.setattr(share, "_rate", 0.001)
    assert (await send(place, hook, hooks.shopify(secret, BODY))).status_code == 202
    (only,) = await deliveries(user)
    assert (only["hasBody"], only["waiting"]) == (False, 1)


async def test_a_body_is_there_for_a_day_for_those_who_may_see_payloads(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user)
    await send(place, hook, hooks.shopify(secret, BODY))
    (one,) = await deliveries(user)
    path = f"/inbound-webhooks/shop items/deliveries/{one['id']}/body"
    assert (await user.get(path)).content == BODY
    (look,) = await AuditLog(place.database).page(["default"], AuditFilter(action="payload"), 9)
    assert (look.object, look.details["hook"]) == (one["id"], "shop items")
    await place.database.execute("update api_keys set sees_payloads = false")
    place.app.state.authentication.forget()
    assert problem(await user.get(path)) == (403, "forbidden")
    await place.database.execute("update api_keys set sees_payloads = true")
    place.app.state.authentication.forget()
    old = "update hook_{} set received_at = now() - interval '{}'"
    await place.database.execute(old.format("bodies", "25 hours"))
    await place.database.execute(old.format("deliveries", "8 days"))
    removed = await remove_expired(place.database, Retention())
    # Its change waits, so the delivery stays.
    assert (removed["hook_bodies"], removed["hook_deliveries"]) == (1, 0)
    assert problem(await user.get(path)) == (404, "not_found")
    await place.database.execute("update hook_changes set run_id = gen_random_uuid()")
    assert (await remove_expired(place.database, Retention()))["hook_deliveries"] == 1
    assert await rows(place, "hook_changes") == 0


async def test_erasing_a_record_removes_the_bodies_that_name_it(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user)
    for record in (7, 8):
        body = json.dumps({"id": record}).encode()
        await send(place, hook, hooks.shopify(secret, body), body)
    await erase_record(place.database, "default", "erp-shop", "7", "me")
    kept = {d["sourceIds"][0]: d["hasBody"] for d in await deliveries(user)}
    assert kept == {"7": False, "8": True}


async def test_a_hook_is_changed_and_deleted_as_other_configuration(
    place: Gateway, user: httpx.AsyncClient
) -> None:
    hook, secret = await hooks.make_hook(user)
    assert problem(await user.delete("/instances/erp-shop")) == (409, "conflict")
    shown = await user.get("/inbound-webhooks/shop items")
    moved = {k: shown.json()[k] for k in ("instance", "entityType", "signature")}
    stale = {"If-Match": '"1"'}
    body = moved | {"sourceIds": "item.id"}
    path = "/inbound-webhooks/shop items"
    assert problem(await user.put(path, json=body, headers=stale)) == (412, "changed_meanwhile")
    kept = {"If-Match": shown.headers["etag"]}
    changed = await user.put(path, json=body, headers=kept)
    assert (changed.json()["sourceIds"], changed.json()["hasSecret"]) == ("item.id", True)
    other = await user.put(path, json=body | {"entityType": "order"})
    assert problem(other) == (422, "invalid_input")
    assert secret not in changed.text + (await user.get("/inbound-webhooks")).text
    assert (await user.delete(path)).status_code == 204
    place.app.state.hooks.forget()
    assert (await send(place, hook, hooks.shopify(secret, BODY))).status_code == 404
    assert await place.database.fetchval("select secret from hooks") is None


@pytest.mark.parametrize(
    ("signature", "path"),
    [
        ({"scheme": "hmac"}, "$.signature.header"),
        ({"scheme": "shopify", "header": "X"}, "$.signature.scheme"),
        ({"scheme": "wix"}, "$.signature.publicKey"),
        ({"scheme": "wix", "publicKey": "none"}, "$.signature.publicKey"),
        ({"scheme": "shopify", "publicKey": "none"}, "$.signature.publicKey"),
        ({"scheme": "md5"}, "$.signature.scheme"),
        ({}, "$.signature.scheme"),
    ],
)
async def test_a_signature_that_cannot_be_is_refused(
    user: httpx.AsyncClient, signature: dict[str, str], path: str
) -> None:
    body = {"name": "h", "instance": "erp-shop", "entityType": "item", "sourceIds": "id"}
    refused = await user.post("/inbound-webhooks", json=body | {"signature": signature})
    assert problem(refused) == (422, "invalid_input")
    assert [error["path"] for error in refused.json()["errors"]] == [path]
