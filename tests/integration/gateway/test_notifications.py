"""Webhooks and e-mail subscriptions over HTTP: secrets shown once, tests, deliveries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from syncline.bootstrap.notifications import senders_of
from syncline.postgres.notifications.deliveries import Deliveries
from syncline.runtime.clock import SystemClock
from syncline_notifier.deliveries import DeliverySender
from tests.support.access import give_key
from tests.support.alerts import raise_alert
from tests.support.configured import configure
from tests.support.gateway import Gateway, gateway, problem
from tests.support.mail import PASSWORD, USER, MailServer, trusted_mail_server
from tests.support.notifier import confirm_all
from tests.support.receiver import Receiver, receiver


@pytest.fixture
async def place(postgres: str) -> AsyncIterator[Gateway]:
    async with gateway(postgres, outbound_allow="127.0.0.0/8") as made:
        yield made


@pytest.fixture
async def api(place: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with place.client(await give_key(place.database, "user")) as client:
        yield client


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as receiving:
        yield receiving


async def made(api: httpx.AsyncClient, url: str, **more: Any) -> tuple[str, str, dict[str, Any]]:
    """Make a webhook; return its address, its secret and what it is."""
    answer = await api.post("/webhooks", json={"name": "ops", "url": url} | more)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    return f"/webhooks/{found['webhook']['id']}", found["secret"], found["webhook"]


async def test_a_secret_is_shown_once_and_signs_the_test(
    api: httpx.AsyncClient, hook: Receiver
) -> None:
    address, secret, webhook = await made(api, hook.url)
    assert webhook["events"] == ["run_failed", "partial_success", "dlq_growth"]
    for shown in (await api.get(address), await api.get("/webhooks")):
        assert secret not in shown.text
    tested = (await api.post(f"{address}/test")).json()
    assert tested["result"]["ok"] is True
    assert tested["result"]["status"] == 204
    (received,) = hook.received
    assert received.signed_by(secret)
    assert received.headers["webhook-id"] == tested["notificationId"]
    assert received.event["type"] == "syncline.alert.test.v1"

    rotated = (await api.post(f"{address}/rotate-secret")).json()["secret"]
    hook.answers.append((401, "", f"bad signature; I know {secret} and {rotated}"))
    tested = (await api.post(f"{address}/test")).json()
    assert tested["result"]["ok"] is False
    assert tested["result"]["answer"] == "bad signature; I know *** and ***"
    assert [hook.received[1].signed_by(s) for s in (secret, rotated)] == [True, True]


async def test_a_webhook_is_changed_by_whom_has_seen_it(api: httpx.AsyncClient) -> None:
    address, _, _ = await made(api, "https://example.com/hook")
    tag = (await api.get(address)).headers["etag"]
    body = {"name": "team", "url": "https://example.com/other", "events": ["run_failed"]}
    first = await api.put(address, json=body, headers={"If-Match": tag})
    assert first.status_code == 200
    assert (first.json()["name"], first.json()["events"]) == ("team", ["run_failed"])
    stale = await api.put(address, json=body, headers={"If-Match": tag})
    assert problem(stale) == (412, "changed_meanwhile")
    for again in (first.headers["etag"], "*"):
        answer = await api.put(address, json=body, headers={"If-Match": again})
        assert answer.status_code == 200
    assert (await api.delete(address)).status_code == 204
    assert problem(await api.get(address)) == (404, "not_found")


async def test_deliveries_are_listed_and_told_again(
    api: httpx.AsyncClient, place: Gateway, hook: Receiver
) -> None:
    address, _, _ = await made(api, hook.url)
    hook.answers.append((410, "", "gone"))
    await deliver(place, tells=1)
    await deliver(place, tells=2)
    first = (await api.get(f"{address}/deliveries", params={"limit": 2})).json()
    rest = await api.get(f"{address}/deliveries", params={"limit": 2, "cursor": first["next"]})
    assert [d["state"] for d in first["items"]] == ["delivered", "delivered"]
    (given_up,) = rest.json()["items"]
    assert (given_up["state"], given_up["alert"]) == ("given_up", "run_failed")
    assert [t["status"] for t in given_up["tries"]] == [410]
    only = await api.get(f"{address}/deliveries", params={"state": "given_up"})
    assert [d["id"] for d in only.json()["items"]] == [given_up["id"]]
    listed = (await api.get("/webhooks")).json()["items"][0]
    assert (listed["givenUp"], listed["waiting"]) == (1, 0)
    assert listed["lastDeliveredAt"] is not None

    again = await api.post(f"{address}/deliveries/{given_up['id']}/redeliver")
    assert again.json()["state"] == "waiting"
    await deliver(place, tells=0)
    ids = [received.headers["webhook-id"] for received in hook.received]
    assert ids[-1] == ids[0] == given_up["notificationId"]
    told = (await api.get(f"{address}/deliveries", params={"state": "delivered"})).json()["items"]
    assert [t["status"] for t in told[-1]["tries"]] == [410, 204]


async def deliver(place: Gateway, tells: int) -> None:
    backend = place.app.state.api
    for _ in range(tells):
        await raise_alert(place.database)
    senders = senders_of(backend.settings, backend.clock)
    try:
        await DeliverySender(
            Deliveries(place.database, backend.keyring), senders, SystemClock()
        ).deliver_due()
    finally:
        await senders.close()


async def test_what_is_switched_off_is_not_told_again(
    api: httpx.AsyncClient, place: Gateway
) -> None:
    address, _, webhook = await made(api, "https://example.com/hook")
    await raise_alert(place.database)
    body = {"name": "ops", "url": webhook["url"], "active": False}
    assert (await api.put(address, json=body)).json()["givenUp"] == 1
    (delivery,) = (await api.get(f"{address}/deliveries")).json()["items"]
    again = await api.post(f"{address}/deliveries/{delivery['id']}/redeliver")
    assert problem(again) == (409, "conflict")
    assert "switched off" in again.json()["detail"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"url": "ftp://example.com"}, "$.url"),
        ({"url": "https://me:secret@example.com"}, "$.url"),
        ({"url": None}, "$.url"),
        ({"events": ["everything"]}, "$.events.0"),
        ({"events": []}, "$.events"),
        ({"instances": ["nowhere"]}, "$.instances[0]"),
        ({"instances": ["a\0b"]}, "$.instances[0]"),
        ({"name": ""}, "$.name"),
        ({"name": "a\0b"}, "$.name"),
        ({"secret": "mine"}, "$.secret"),
    ],
)
async def test_a_wrong_webhook_is_refused_by_its_field(
    api: httpx.AsyncClient, body: dict[str, Any], path: str
) -> None:
    right = {"name": "ops", "url": "https://example.com/hook"}
    answer = await api.post("/webhooks", json=right | body)
    assert problem(answer) == (422, "invalid_input")
    found = answer.json()["errors"][0]["path"].replace("[0]", ".0")
    assert found == path.replace("[0]", ".0")


async def test_another_tenant_finds_nothing(api: httpx.AsyncClient, place: Gateway) -> None:
    await configure(place.database)
    address, _, webhook = await made(api, "https://example.com/hook", instances=["erp-shop"])
    mail = await api.post(
        "/email-subscriptions", json={"name": "people", "addresses": ["ops@example.com"]}
    )
    await raise_alert(place.database)
    (delivery,) = (await api.get(f"{address}/deliveries")).json()["items"]
    body = {"name": "x", "url": "https://example.com/"}
    async with place.client(await give_key(place.database, "user", "north")) as north:
        assert (await north.get("/webhooks")).json()["items"] == []
        for method, path in (
            ("GET", address), ("PUT", address), ("DELETE", address), ("POST", f"{address}/test"),
            ("POST", f"{address}/rotate-secret"), ("GET", f"{address}/deliveries"),
            ("POST", f"{address}/deliveries/{delivery['id']}/redeliver"),
            ("GET", f"/email-subscriptions/{mail.json()['id']}"),
            ("POST", f"/email-subscriptions/{mail.json()['id']}/test"),
        ):  # fmt: skip
            json = body if method == "PUT" else None
            answer = await north.request(method, path, json=json)
            assert problem(answer) == (404, "not_found"), (method, path)
        unknown = f"{address}/deliveries/{uuid4()}/redeliver"
        assert problem(await api.post(unknown)) == (404, "not_found")
        foreign = {"name": "x", "url": webhook["url"], "instances": ["erp-shop"]}
        assert problem(await north.post("/webhooks", json=foreign))[0] == 422


async def test_a_private_address_is_not_called_by_a_test(postgres: str, hook: Receiver) -> None:
    async with (
        gateway(postgres) as place,
        place.client(await give_key(place.database, "user")) as api,
    ):
        address, _, _ = await made(api, hook.url)
        result = (await api.post(f"{address}/test")).json()["result"]
        assert not result["ok"]
        assert "SYNCLINE_OUTBOUND_ALLOW" in result["answer"]
    assert hook.received == []


@pytest.fixture
async def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    async with trusted_mail_server(tmp_path, monkeypatch) as server:
        yield server


async def test_e_mail_says_when_there_is_no_mail_server_and_is_tested(
    postgres: str, mails: MailServer
) -> None:
    body = {"name": "people", "addresses": ["ops@example.com"], "events": ["run_failed"]}
    async with (
        gateway(postgres) as place,
        place.client(await give_key(place.database, "user")) as api,
    ):
        answer = await api.post("/email-subscriptions", json=body)
        assert "SYNCLINE_SMTP_HOST is not set" in answer.json()["warning"]
        address = f"/email-subscriptions/{answer.json()['id']}"
        result = (await api.post(f"{address}/test")).json()["result"]
        assert "SYNCLINE_SMTP_HOST is not set" in result["answer"]
    settings = {
        "smtp_host": "127.0.0.1", "smtp_port": mails.port, "smtp_user": USER,
        "smtp_password": SecretStr(PASSWORD), "smtp_from": "Syncline <syncline@example.com>",
    }  # fmt: skip
    async with (
        gateway(postgres, **settings) as place,
        place.client(await give_key(place.database, "user")) as api,
    ):
        await confirm_all(place.database)
        (listed,) = (await api.get("/email-subscriptions")).json()["items"]
        assert listed["warning"] is None
        result = (await api.post(f"{address}/test")).json()
        assert result["result"]["ok"], result
        assert mails.mails[0]["Subject"] == "[Syncline] default: test"
        wrong = await api.put(address, json=body | {"addresses": ["ops"]})
        assert wrong.json()["errors"][0]["path"] == "$.addresses[0]"


async def confirmed_by_owner(place: Gateway, path: str) -> None:
    """Press the button of a link's page; a link that is only opened says nothing."""
    still = "select count(*) from mail_addresses where confirmed_at is null"
    async with place.client({}) as owner:
        assert (await owner.post(path[:-1] + "_")).status_code == 404
        page = await owner.get(path)
        assert "ops@example.com" in page.text
        assert await place.database.fetchval(still) == 1
        assert "is confirmed" in (await owner.post(path)).text


async def test_nothing_is_sent_to_an_address_before_its_owner_confirmed_it(
    postgres: str, mails: MailServer
) -> None:
    body = {"name": "people", "addresses": ["ops@example.com"], "events": ["run_failed"]}
    settings = {
        "smtp_host": "127.0.0.1", "smtp_port": mails.port, "smtp_user": USER,
        "smtp_password": SecretStr(PASSWORD), "smtp_from": "Syncline <syncline@example.com>",
    }  # fmt: skip
    async with (
        gateway(postgres, **settings) as place,
        place.client(await give_key(place.database, "user")) as api,
    ):
        made = await api.post("/email-subscriptions", json=body)
        assert "ops@example.com: not confirmed yet" in made.json()["warning"]
        address = f"/email-subscriptions/{made.json()['id']}"
        for _ in range(3):
            result = (await api.post(f"{address}/test")).json()["result"]
            assert "no address is confirmed yet" in result["answer"]
        await api.put(address, json=body | {"events": ["partial_success"]})
        (question,) = mails.mails  # one question, and nothing else
        assert question["Subject"] == "[Syncline] confirm your address"
        text = question.get_content()
        (link,) = [line for line in text.splitlines() if "/email-confirmations/" in line]
        await confirmed_by_owner(place, link.strip().partition("/api/v1")[2])
        assert (await api.get(address)).json()["warning"] is None
        assert (await api.post(f"{address}/test")).json()["result"]["ok"]
        assert len(mails.mails) == 2
        sent = [await api.post(f"{address}/test") for _ in range(10)]
        assert problem(sent[-1]) == (429, "too_many_attempts")
        found = (await api.get("/audit-log")).json()["items"]
        assert {"email.confirmation_sent", "email.confirmed", "email.tested"} <= {
            entry["action"] for entry in found
        }
