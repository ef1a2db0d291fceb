"""Outages as people are told of them: one message for one cause, and no storm of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from syncline.contracts.events import RunStatus
from syncline.contracts.messages import Extracted
from syncline.domain.notification.incident import AlertTiming
from syncline.domain.run import Run
from syncline.postgres.database.database import open_database
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.notifications.alert_states import Alerting
from syncline.testing.clock import FakeClock
from syncline_notifier.handler import NotifierHandler
from syncline_notifier.rules import RunEnd
from tests.support.configured import configure
from tests.support.mail import MailServer, trusted_mail_server
from tests.support.notifier import Notifier
from tests.support.receiver import Receiver, receiver
from tests.support.reports import settled
from tests.support.run_life import accept, apply, batch, dead_letter, extract, ref

AWAY = "erp.example.com:5432 does not answer"


class Clocked(Notifier):
    """A notifier whose time is the test's."""

    clock = FakeClock()

    def patient(self) -> NotifierHandler:
        alerting = Alerting(self.database, AlertTiming())
        return NotifierHandler(alerting, self.sender(), 100, self.clock)

    def ended(self, state: str, instance: str = "erp-shop", **more: Any) -> RunEnd:
        at = self.clock.now()
        run = RunStatus(
            str(uuid4()), "default", instance, "item", "incremental", "schedule", state, 9,
            finished_at=at.isoformat(), **({"total": 1} | more),
        )  # fmt: skip
        return RunEnd(run, at)

    async def passes(self, stage: NotifierHandler, minutes: int) -> None:
        for _ in range(minutes):
            await self.clock.advance(60)
            await stage.tell_due()


@pytest.fixture
async def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailServer]:
    async with trusted_mail_server(tmp_path, monkeypatch) as server:
        yield server


@pytest.fixture
async def place(postgres: str, mails: MailServer) -> AsyncIterator[Clocked]:
    async with open_database(postgres) as database:
        place = Clocked(database, mails.smtp())
        place.clock = FakeClock()
        yield place
        await place.close()


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as receiving:
        yield receiving


async def test_three_outages_of_a_hundred_streams_are_four_messages(
    place: Clocked, hook: Receiver, mails: MailServer
) -> None:
    await place.webhook(hook.url)
    await place.mail("ops@example.com")
    stage = place.patient()
    for minute in range(110):
        is_away = minute < 60 and minute % 20 < 3
        state, more = ("failed", {"reason": AWAY, "total": 0}) if is_away else ("succeeded", {})
        if is_away or minute % 20 == 3 or minute % 30 == 0:
            await stage.handle([place.ended(state, f"stream-{n}", **more) for n in range(100)])
        await place.clock.advance(60)
        await stage.tell_due()
        if minute == 70:  # a restart
            stage = place.patient()
    while await place.deliver():
        pass
    assert hook.alerts == ["run_failed", "recovered", "flapping", "recovered"]
    told = hook.told[0]
    assert (told["count"], len(told["streams"]), told["reason"]) == (100, 100, AWAY)
    assert "instance" not in told
    assert hook.told[2]["failing"] is True
    assert len(mails.mails) == 4
    mailed = {mail["Subject"]: mail.get_content() for mail in mails.mails}
    assert "- stream-7, item: run failed" in mailed["[Syncline] 100 streams: run failed"]


async def test_a_blip_within_the_window_is_told_to_nobody(place: Clocked, hook: Receiver) -> None:
    await place.webhook(hook.url)
    stage = place.patient()
    await stage.handle([place.ended("failed")])
    await place.clock.advance(30)
    await stage.handle([place.ended("succeeded")])
    await place.passes(stage, 60)
    assert await place.deliver() == 0


async def test_a_run_that_read_nothing_is_no_recovery(place: Clocked, hook: Receiver) -> None:
    await place.webhook(hook.url)
    stage = place.patient()
    await stage.handle([place.ended("failed", reason=AWAY)])
    await place.passes(stage, 2)
    await stage.handle([place.ended("succeeded", total=0)])
    await place.passes(stage, 60)
    await place.deliver()
    assert hook.alerts == ["run_failed"]
    await stage.handle([place.ended("succeeded", total=1, skipped=1)])
    await place.passes(stage, 6)
    await place.deliver()
    assert hook.alerts == ["run_failed", "recovered"]


async def test_a_run_that_needs_attention_is_notified_to_who_hears_of_failed_runs(
    place: Clocked, hook: Receiver
) -> None:
    await place.webhook(f"{hook.url}/failed", "run_failed")
    await place.webhook(f"{hook.url}/dlq", "dlq_growth")
    stage = place.patient()
    reason = "3 of 10 records failed, more than the failure budget of 2 records"
    await stage.handle([place.ended("extracting", needs_attention=reason)])
    await place.passes(stage, 2)
    await place.deliver()
    (told,) = hook.received
    assert (told.path, told.event["data"]["alert"]) == ("/hooks/failed", "needs_attention")
    assert told.event["data"]["reason"] == reason
    await stage.handle([place.ended("succeeded")])
    await place.passes(stage, 6)
    await place.deliver()
    assert hook.alerts == ["needs_attention", "recovered"]


async def test_idle_streams_do_not_hold_up_the_recovery_of_the_others(
    place: Clocked, hook: Receiver
) -> None:
    await place.webhook(hook.url)
    stage = place.patient()
    await stage.handle([place.ended("failed", f"s{n}", reason=AWAY) for n in range(3)])
    await place.passes(stage, 2)
    await stage.handle([place.ended("succeeded", f"s{n}", total=int(n == 1)) for n in range(3)])
    await place.passes(stage, 6)
    await place.deliver()
    assert hook.alerts == ["run_failed", "recovered"]
    await stage.handle([place.ended("failed", "s2", reason="something else")])
    await place.passes(stage, 2)
    await place.deliver()
    assert hook.alerts[2:] == ["run_failed"]


async def test_recovery_is_told_only_to_whom_the_failure_was(
    place: Clocked, hook: Receiver
) -> None:
    await place.webhook(f"{hook.url}/before")
    stage = place.patient()
    await stage.handle([place.ended("failed", reason=AWAY)])
    await place.passes(stage, 2)
    await place.webhook(f"{hook.url}/after")
    await stage.handle([place.ended("succeeded")])
    await place.passes(stage, 6)
    await place.deliver()
    told = [(r.path.removeprefix("/hooks"), r.event["data"]["alert"]) for r in hook.received]
    assert sorted(told) == [("/before", "recovered"), ("/before", "run_failed")]


async def test_each_is_told_only_of_what_it_wants(place: Clocked, hook: Receiver) -> None:
    for name in ("s1", "s2", "s3"):
        await configure(place.database, instance=name)
    await place.webhook(f"{hook.url}/all")
    await place.webhook(f"{hook.url}/one", instances=("s2",))
    stage = place.patient()
    await stage.handle([place.ended("failed", f"s{n}", reason=AWAY) for n in (1, 2, 3)])
    await place.passes(stage, 2)
    await place.deliver()
    told = {r.path.removeprefix("/hooks"): r.event["data"] for r in hook.received}
    assert told["/all"]["count"] == 3
    assert (told["/one"]["instance"], "count" in told["/one"]) == ("s2", False)


async def test_two_causes_are_two_messages_and_a_late_stream_joins_its_own(
    place: Clocked, hook: Receiver
) -> None:
    await place.webhook(hook.url)
    stage = place.patient()
    await stage.handle(
        [place.ended("failed", "s1", reason=AWAY), place.ended("failed", "s2", reason="no login")]
    )
    await place.passes(stage, 2)
    await stage.handle([place.ended("failed", "s3", reason=AWAY)])
    await place.passes(stage, 30)
    await place.deliver()
    assert sorted(r.event["data"]["instance"] for r in hook.received) == ["s1", "s2"]
    await place.passes(stage, 30)
    await place.deliver()
    assert [r.event["data"].get("count") for r in hook.received] == [None, None, 2]


async def test_a_run_failed_webhook_carries_the_reason_of_its_records(
    place: Clocked, hook: Receiver
) -> None:
    await configure(place.database)
    await place.webhook(hook.url)
    run = await accept(place.database)
    await extract(place.database, run, [batch(0, "ab")])
    await DeadLetterStore(place.database).store(
        [dead_letter(run, i, s) for s, i in enumerate("ab")]
    )
    await apply(place.database, settled(ref(run), 0, [0, 1], "FF", "execute"),
                Extracted(ref(run), 1, 2))  # fmt: skip
    stage = place.patient()
    await stage.handle([_of(place, run)])
    await place.passes(stage, 2)
    await place.deliver()
    (told,) = hook.received
    data = told.event["data"]
    assert data["reason"] == "2 records failed, the target said 'no' to 17"
    assert data["system"] == "erp-shop-shop"


def _of(place: Clocked, run: Run) -> RunEnd:
    ended = place.ended("failed", total=2, failed=2)
    ended.run.correlation_id = run.id
    return ended


async def test_dying_between_any_two_steps_tells_each_change_once(
    place: Clocked, hook: Receiver
) -> None:
    await place.webhook(hook.url)
    failed = place.ended("failed", reason=AWAY)
    for _ in range(3):
        await place.patient().handle([failed])
    await place.clock.advance(timedelta(minutes=2).total_seconds())
    for _ in range(3):
        await place.patient().handle([failed])
        await place.patient().tell_due()
    await place.deliver()
    assert hook.alerts == ["run_failed"]
