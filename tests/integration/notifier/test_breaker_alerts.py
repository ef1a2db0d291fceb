"""Outages of systems, as people are notified of them: once, however many instances wait."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from syncline.actions.notifications.email import Smtp
from syncline.domain.errors import Category, Failure
from syncline.domain.notification.incident import AlertTiming
from syncline.postgres.database.database import Database, open_database
from syncline.postgres.limits.breakers import Breakers
from syncline.postgres.notifications.alert_states import Alerting
from syncline.testing.clock import FakeClock
from syncline_notifier.handler import NotifierHandler
from tests.support.configured import configure
from tests.support.notifier import Notifier
from tests.support.receiver import Receiver, receiver

REFUSED = Failure(Category.PERMANENT, "login_refused", "shop refuses the login")
EVENTS = ("run_failed",)


class Place:
    """A notifier whose time is the test's, and the breakers of one instance's two profiles."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.notifier = Notifier(database, Smtp())
        self.clock = FakeClock()
        self.breakers = Breakers(database)
        alerting = Alerting(database, AlertTiming())
        self.stage = NotifierHandler(alerting, self.notifier.sender(), 100, self.clock)

    async def profile(self, name: str) -> str:
        found: str = await self.database.fetchval(
            "select id from profiles where name = $1", f"erp-shop-{name}"
        )
        return found

    async def opens(self, name: str) -> None:
        assert await self.breakers.failed(await self.profile(name), "default", REFUSED)

    async def closes(self, name: str) -> None:
        await self.breakers.close(await self.profile(name))

    async def passes(self, minutes: int) -> None:
        for _ in range(minutes):
            await self.stage.weigh_breakers()
            await self.clock.advance(60)
            await self.stage.weigh_breakers()
            await self.stage.tell_due()
        while await self.notifier.deliver():
            pass


@pytest.fixture
async def place(postgres: str) -> AsyncIterator[Place]:
    async with open_database(postgres) as database:
        await configure(database)
        place = Place(database)
        yield place
        await place.notifier.close()


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as receiving:
        yield receiving


async def test_an_outage_that_lasts_is_notified_once_and_once_when_it_is_over(
    place: Place, hook: Receiver
) -> None:
    await place.notifier.webhook(hook.url, *EVENTS)
    await place.opens("shop")
    await place.passes(60)
    (told,) = hook.told
    assert (told["alert"], told["system"], told["instance"]) == (
        "system_away",
        "erp-shop-shop",
        "erp-shop",
    )
    assert told["reason"].startswith("waiting for erp-shop-shop since ")
    assert told["reason"].endswith(REFUSED.message)
    await place.closes("shop")
    await place.passes(10)
    assert hook.alerts == ["system_away", "recovered"]


async def test_one_that_is_over_within_the_window_is_not_notified(
    place: Place, hook: Receiver
) -> None:
    await place.notifier.webhook(hook.url, *EVENTS)
    await place.opens("shop")
    await place.stage.weigh_breakers()
    await place.clock.advance(30)
    await place.closes("shop")
    await place.passes(60)
    assert hook.told == []


async def test_source_and_target_of_one_instance_are_two_outages(
    place: Place, hook: Receiver
) -> None:
    await place.notifier.webhook(hook.url, *EVENTS)
    await place.opens("shop")
    await place.opens("erp")
    await place.passes(2)
    assert sorted(told["system"] for told in hook.told) == ["erp-shop-erp", "erp-shop-shop"]
    await place.closes("erp")
    await place.passes(10)
    assert [(told["alert"], told["system"]) for told in hook.told[2:]] == [
        ("recovered", "erp-shop-erp")
    ]


async def test_it_is_notified_to_who_hears_of_failed_runs_of_its_instances(
    place: Place, hook: Receiver
) -> None:
    await configure(place.database, instance="other")
    await place.notifier.webhook(f"{hook.url}/dlq", "dlq_growth")
    await place.notifier.webhook(f"{hook.url}/other", *EVENTS, instances=("other",))
    await place.notifier.webhook(f"{hook.url}/own", *EVENTS, instances=("erp-shop",))
    await place.opens("shop")
    await place.passes(2)
    assert [received.path for received in hook.received] == ["/hooks/own"]


async def test_the_recovery_of_dead_letters_ends_no_outage(place: Place, hook: Receiver) -> None:
    await place.notifier.webhook(hook.url, "run_failed", "dlq_growth")
    await place.database.execute(
        "insert into alert_states (tenant, instance, entity_type, open) "
        "values ('default', 'erp-shop', '', '{dlq_growth}')"
    )
    await place.opens("shop")
    await place.passes(2)
    await place.stage.weigh_pending()
    assert await place.database.fetchval("select state from incident_streams") == "failing"
    assert hook.alerts == ["system_away"]
