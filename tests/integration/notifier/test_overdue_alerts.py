"""What has not happened for a time: told once, and once when it is over, across restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from uuid6 import uuid7

from syncline.actions.notifications.email import Smtp
from syncline.domain.notification.incident import AlertTiming
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.notifications.alert_states import Alerting
from syncline.testing.clock import FakeClock
from syncline_notifier.handler import NotifierHandler
from tests.support.configured import configure
from tests.support.notifier import Notifier
from tests.support.receiver import Receiver, receiver
from tests.support.scheduled import schedule
from tests.support.stored_runs import store_runs

OVERDUE = ("not_synced:24", "schedule_missed", "profile_waiting:15")
_RUN = "update runs set state = $1, progressed_at = $2, finished_at = $3 where id = $4"


class Place:
    """Two notifiers on one database, whose time is the test's, and an instance."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.notifier = Notifier(database, Smtp())
        self.clock = FakeClock()

    async def passes(self, **time: float) -> None:
        """Let time pass, with two notifiers that begin anew before and after."""
        for seconds in (0.0, timedelta(**time).total_seconds(), 61.0, 301.0):
            await self.clock.advance(seconds)
            for _ in range(2):
                alerting = Alerting(self.database, AlertTiming())
                stage = NotifierHandler(alerting, self.notifier.sender(), 100, self.clock)
                await stage.weigh_overdue()
                await stage.tell_due()
        while await self.notifier.deliver():
            pass

    async def run(self, state: str) -> str:
        run, now = str(uuid7()), self.clock.now()
        await store_runs(self.database, [run])
        await self.database.execute(_RUN, state, now, now if state == "succeeded" else None, run)
        return run


@pytest.fixture
async def place(postgres: str) -> AsyncIterator[Place]:
    async with open_database(postgres) as database:
        await configure(database)
        place = Place(database)
        await database.execute("update instances set changed_at = $1", place.clock.now())
        yield place
        await place.notifier.close()


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as receiving:
        yield receiving


def told(hook: Receiver) -> list[tuple[str, str | None]]:
    return [(each["alert"], each.get("entityType")) for each in hook.told]


async def test_a_stream_that_is_not_synced_is_told_once_and_when_it_is(
    place: Place, hook: Receiver
) -> None:
    await place.notifier.webhook(hook.url, *OVERDUE)
    await place.notifier.webhook(hook.url, "not_synced:48", "run_failed")
    await place.passes(hours=23)
    assert told(hook) == []
    await place.passes(hours=2)
    await place.passes(hours=2)
    assert told(hook) == [("not_synced", "item")]
    assert hook.told[0]["reason"].startswith("never synced since 20")
    await place.run("succeeded")
    await place.passes(minutes=10)
    assert told(hook) == [("not_synced", "item"), ("recovered", "item")]


async def test_a_schedule_that_nobody_fires_is_told(place: Place, hook: Receiver) -> None:
    await place.notifier.webhook(hook.url, "schedule_missed")
    await schedule(place.database, "0 3 * * *", place.clock.now(), name="nightly")
    due = place.clock.now() + timedelta(hours=1)
    await place.database.execute("update schedules set next_at = $1", due)
    await place.passes(minutes=30)
    assert told(hook) == []
    await place.passes(minutes=40)
    assert told(hook) == [("schedule_missed", "item")]
    assert hook.told[0]["reason"].startswith("schedule nightly missed its slot of 20")
    await place.database.execute("update schedules set next_at = $1", due + timedelta(days=1))
    await place.passes(minutes=10)
    assert told(hook)[1:] == [("recovered", "item")]


async def test_a_run_that_waits_for_a_profile_is_told(place: Place, hook: Receiver) -> None:
    await place.notifier.webhook(hook.url, "profile_waiting:15")
    run = await place.run("in_progress")
    await place.passes(hours=1)
    assert told(hook) == []  # it does not move, and waits for nobody
    await place.database.execute(
        "insert into profile_pauses select target_id, tenant, $1::timestamptz, 'asks to wait' "
        "from runs",
        place.clock.now() + timedelta(hours=2),
    )
    await place.passes(minutes=5)
    assert told(hook) == [("profile_waiting", "item")]
    assert hook.told[0]["system"] == "erp-shop-shop"
    await place.database.execute(_RUN, "in_progress", place.clock.now(), None, run)
    await place.passes(minutes=1)
    assert told(hook)[1:] == [("recovered", "item")]


async def test_a_subscription_that_goes_ends_what_it_was_told(place: Place, hook: Receiver) -> None:
    await place.notifier.webhook(hook.url, "not_synced:1")
    await place.passes(hours=2)
    await place.database.execute("update subscriptions set events = '{run_failed}'")
    await place.passes(hours=2)
    open_now = "select count(*) from incidents where closed_at is null"
    assert await place.database.fetchval(open_now) == 0


async def test_a_chat_gets_a_message_of_its_own(place: Place, hook: Receiver) -> None:
    await place.notifier.webhook(hook.url, "not_synced:1", format="slack")
    await place.notifier.webhook(hook.url, "not_synced:1", format="teams")
    await place.passes(hours=2)
    slack, teams = sorted((each.event for each in hook.received), key=lambda e: "type" in e)
    assert slack["text"] == "erp-shop, item: not synced"
    assert teams["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert all("webhook-signature" not in each.headers for each in hook.received)
