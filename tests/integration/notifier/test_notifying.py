"""From the end of a run to a receiver: once per state change, at least once per delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from syncline.actions.notifications.email import NOT_CONFIGURED, Smtp
from syncline.contracts.events import RunStatus
from syncline.postgres.database.database import open_database
from syncline.security.signature import new_signing_secret
from syncline_notifier.rules import RunEnd
from tests.support.configured import configure
from tests.support.mail import MailServer, trusted_mail_server
from tests.support.notifier import Notifier
from tests.support.receiver import Receiver, receiver

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ALL = ("run_failed", "partial_success", "dlq_growth")


@pytest.fixture
async def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    async with trusted_mail_server(tmp_path, monkeypatch) as server:
        yield server


@pytest.fixture
async def place(postgres: str, mails: MailServer) -> AsyncIterator[Notifier]:
    async with open_database(postgres) as database:
        place = Notifier(database, mails.smtp())
        yield place
        await place.close()


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as receiving:
        yield receiving


def ended(state: str, minute: int, instance: str = "erp-shop", **more: Any) -> RunEnd:
    at = T0 + timedelta(minutes=minute)
    run = RunStatus(
        str(uuid4()), "default", instance, "item", "incremental", "schedule", state, 9,
        finished_at=at.isoformat(), **({"total": 1} | more),
    )  # fmt: skip
    return RunEnd(run, at)


async def test_a_state_change_is_told_once_and_so_is_its_end(
    place: Notifier, hook: Receiver
) -> None:
    secret = await place.webhook(hook.url)
    stage = place.stage()
    failed = ended("failed", 1, reason="the source refused the login", total=3, failed=3)
    for events in ([failed, None], [failed], [ended("failed", 2)], [ended("succeeded", 3)]):
        await stage.handle(events)
    # A restart, the first event again, and one that comes late.
    again = place.stage()
    await again.handle([failed])
    await again.handle([ended("failed", 0)])
    while await place.deliver():
        pass
    assert sorted(hook.alerts) == ["recovered", "run_failed"]
    told = next(r for r in hook.received if r.event["data"]["alert"] == "run_failed")
    assert told.signed_by(secret)
    assert not told.signed_by(new_signing_secret())
    assert told.headers["content-type"].startswith("application/cloudevents+json")
    assert told.event["id"] == told.headers["webhook-id"]
    assert told.event["type"] == "syncline.alert.run_failed.v1"
    assert told.event["subject"] == "erp-shop/item"
    data = told.event["data"]
    assert data["reason"] == "the source refused the login"
    assert data["link"] == f"https://syncline.example.com/runs/{failed.run.correlation_id}"
    assert (data["total"], data["failed"]) == (3, 3)


async def test_who_is_told(place: Notifier, hook: Receiver) -> None:
    await configure(place.database, instance="erp-crm")
    await place.webhook(f"{hook.url}/failed", "run_failed")
    await place.webhook(f"{hook.url}/partial", "partial_success")
    await place.webhook(f"{hook.url}/other", instances=("erp-crm",))
    await place.webhook(f"{hook.url}/off", active=False)
    stage = place.stage()
    await stage.handle([ended("partial_success", 1)])
    await stage.handle([ended("succeeded", 2)])
    await stage.handle([ended("failed", 1, "erp-crm")])
    await place.deliver()
    told = sorted((r.path.removeprefix("/hooks"), r.event["data"]["alert"]) for r in hook.received)
    assert told == [
        ("/failed", "run_failed"),
        ("/other", "run_failed"),
        ("/partial", "partial_success"),
        ("/partial", "recovered"),
    ]


async def test_another_tenant_is_told_nothing(place: Notifier, hook: Receiver) -> None:
    await place.webhook(hook.url)
    await place.database.execute("insert into tenants (id) values ('acme')")
    foreign = ended("failed", 1)
    foreign.run.tenant = "acme"
    await place.stage().handle([foreign])
    assert await place.deliver() == 0


async def test_dead_letters_that_pile_up_are_told_with_hysteresis(
    place: Notifier, hook: Receiver
) -> None:
    await configure(place.database)
    await place.webhook(hook.url)
    stage = place.stage(threshold=4)

    async def pending(count: int) -> list[str]:
        await place.database.execute("delete from dead_letters")
        await place.database.execute(
            """insert into dead_letters (id, tenant, instance_id, stage, category, code, error,
              fingerprint, attempts, retries, failed_at)
            select gen_random_uuid(), 'default', i.id, 'execute', 'permanent', 'c', 'e', 'f', '[]',
              0, now() from instances i, generate_series(1, $1)""",
            count,
        )
        await stage.weigh_pending()
        await place.deliver()
        return hook.alerts

    assert await pending(3) == []
    assert await pending(4) == ["dlq_growth"]
    for count in (9, 3, 4, 3):
        assert await pending(count) == ["dlq_growth"]
    assert await pending(0) == ["dlq_growth", "recovered"]
    grown = hook.received[0].event["data"]
    assert (grown["pending"], grown["threshold"], grown["instance"]) == (4, 4, "erp-shop")
    assert "entityType" not in grown
    assert grown["link"].endswith("/dlq?instance=erp-shop")


async def test_a_receiver_that_is_down_gets_it_when_it_is_up(
    place: Notifier, hook: Receiver
) -> None:
    await place.webhook(hook.url)
    await hook.stop()
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    await place.deliver()
    assert await place.states() == [("waiting", 2)]
    assert "cannot connect" in (await place.answers())[0]
    assert await place.sender().deliver_due() == 0  # not before its time
    await hook.start()
    await place.deliver()
    assert await place.states() == [("delivered", 3)]
    assert hook.alerts == ["run_failed"]


async def test_a_crash_between_sending_and_noting_sends_the_same_again(
    place: Notifier, hook: Receiver
) -> None:
    await place.webhook(hook.url)
    await place.stage().handle([ended("failed", 1)])
    (held,) = await place.deliveries.claim(10, lease=60)
    sender = place.sender()._senders
    tried = await sender.send(held.destination, held.notification, held.at, held.data)
    assert await place.deliver() == 0  # it is held
    await place.database.execute("update deliveries set next_at = now()")  # the lease runs out
    await place.sender().deliver_due()
    ids = [received.headers["webhook-id"] for received in hook.received]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert hook.received[0].body == hook.received[1].body
    assert not await place.deliveries.note(held, tried.entry, 5.0, final="given_up")
    assert await place.states() == [("delivered", 1)]


async def test_it_is_given_up_after_the_last_pause_and_shown(
    place: Notifier, hook: Receiver
) -> None:
    await place.webhook(hook.url)
    hook.answers.extend([(500, "", "out of order")] * 11)
    await place.stage().handle([ended("failed", 1)])
    for _ in range(12):
        await place.deliver()
    assert await place.states() == [("given_up", 11)]
    assert await place.answers() == ["out of order"]
    assert len(hook.received) == 11


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ((302, "location: http://127.0.0.1/elsewhere\r\n", ""), "waiting", "not followed"),
        ((410, "", "gone"), "given_up", "gone"),
        ((400, "", "no\r\nsuch\x00hook"), "waiting", "no such hook"),
        (None, "waiting", "connection was lost"),
    ],
)
async def test_what_an_answer_means(
    place: Notifier, hook: Receiver, answer: tuple[int, str, str] | None, state: str, words: str
) -> None:
    await place.webhook(hook.url)
    hook.answers.append(answer)
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    assert await place.states() == [(state, 1)]
    assert words in (await place.answers())[0]
    assert len(hook.received) == 1


async def test_a_private_address_is_not_called(place: Notifier, hook: Receiver) -> None:
    await place.webhook(hook.url)
    await place.stage().handle([ended("failed", 1)])
    place.allowed = ()
    await place.deliver()
    assert "SYNCLINE_OUTBOUND_ALLOW" in (await place.answers())[0]
    assert hook.received == []


async def test_an_answer_that_echoes_the_secret_is_kept_without_it(
    place: Notifier, hook: Receiver
) -> None:
    secret = await place.webhook(hook.url)
    hook.answers.append((400, "", f"wrong signature for {secret}"))
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    assert await place.answers() == ["wrong signature for ***"]


async def test_two_processes_send_everything_once(place: Notifier, hook: Receiver) -> None:
    await place.webhook(hook.url)
    failed = [ended("failed", 1, f"instance-{n}") for n in range(40)]
    first, second = place.stage(), place.stage()
    async with asyncio.TaskGroup() as group:
        for stage in (first, second):
            for at in range(0, 40, 10):
                group.create_task(stage.handle(failed[at : at + 10]))
    await place.database.execute("update incidents set told_at = told_at - interval '1 day',"
                                 " due_at = now()")  # fmt: skip
    await first.tell_due()
    processes = [place.sender(), place.sender()]
    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(process.deliver_due())
    told = [{s["instance"] for s in r.event["data"]["streams"]} for r in hook.received]
    assert set.union(*told) == {f"instance-{n}" for n in range(40)}
    assert len(hook.received) == len({r.headers["webhook-id"] for r in hook.received}) == 2


async def test_a_rotated_secret_signs_beside_the_one_before(
    place: Notifier, hook: Receiver
) -> None:
    before = await place.webhook(hook.url)
    (view,) = await place.subscriptions.page("default", "webhook", 10)
    after = new_signing_secret()
    await place.subscriptions.rotate("default", "test", view.id, after)
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    assert [hook.received[0].signed_by(s) for s in (before, after)] == [True, True]
    await place.database.execute("update subscriptions set rotated_at = now() - interval '2 days'")
    await place.stage().handle([ended("succeeded", 2)])
    await place.deliver()
    assert [hook.received[1].signed_by(s) for s in (before, after)] == [False, True]


async def test_an_e_mail_tells_the_facts(place: Notifier, mails: MailServer) -> None:
    await place.mail("ops@example.com", "Team@example.com")
    failed = ended("partial_success", 1, total=100, success=97, failed=3)
    await place.stage().handle([failed])
    await place.deliver()
    await place.stage().handle([ended("succeeded", 2, total=100, success=100)])
    await place.deliver()
    told, recovered = mails.mails
    assert mails.recipients[0] == ["ops@example.com", "Team@example.com"]
    assert told["Subject"] == "[Syncline] erp-shop, item: partial success"
    assert told["From"] == "Syncline <syncline@example.com>"
    text = told.get_content()
    assert "100 in all, 97 written, 0 skipped, 3 failed" in text
    assert f"https://syncline.example.com/runs/{failed.run.correlation_id}" in text
    assert "Nothing more is sent" in text
    assert recovered["Subject"] == "[Syncline] erp-shop, item: recovered"
    assert "Over: Partial success" in recovered.get_content()
    assert told["Message-ID"] != recovered["Message-ID"]


async def test_a_mail_server_that_is_busy_gets_the_same_mail_again(
    place: Notifier, mails: MailServer
) -> None:
    await place.mail("ops@example.com", "nobody@example.com")
    mails.busy = True
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    assert "try again later" in (await place.answers())[0]
    mails.busy = False
    await place.deliver()
    assert await place.states() == [("delivered", 2)]
    assert "refused nobody@example.com: 550" in (await place.answers())[0]
    assert mails.recipients == [["ops@example.com"]]


async def test_without_a_mail_server_each_mail_says_so(place: Notifier) -> None:
    await place.mail("ops@example.com")
    place.smtp = Smtp()
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    assert await place.answers() == [NOT_CONFIGURED]
    assert await place.states() == [("waiting", 1)]


async def test_a_refused_login_at_the_mail_server_shows_no_password(
    place: Notifier, mails: MailServer
) -> None:
    await place.mail("ops@example.com")
    place.smtp = mails.smtp("wrong-password-1")
    await place.stage().handle([ended("failed", 1)])
    await place.deliver()
    (answer,) = await place.answers()
    assert "wrong-password-1" not in answer
    assert await place.states() == [("waiting", 1)]
    assert mails.mails == []
