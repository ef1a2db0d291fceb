"""Slots around clock changes, against an oracle that walks through every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncline.domain.schedule.cron import Cron, changes, parse_cron
from syncline.domain.schedule.slots import next_slot, slots

MINUTE = timedelta(minutes=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "America/Havana")
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LORD_HOWE = datetime(2026, 4, 4, 10, tzinfo=UTC)
"""Before its clock is set back by half an hour."""


def around_changes(zone: str) -> st.SearchStrategy[datetime]:
    """Instants within a day of a change of the zone's clock, to the second."""
    found = [change.at for change in changes(ZoneInfo(zone), BEGIN, 800)] or [BEGIN]
    seconds = st.integers(-86_400, 86_400)
    return st.builds(lambda at, by: at + timedelta(seconds=by), st.sampled_from(found), seconds)


fields = st.tuples(
    st.one_of(st.just("*"), st.integers(1, 59).map("*/{}".format), st.lists(
        st.integers(0, 59), min_size=1, max_size=3, unique=True).map(
            lambda n: ",".join(map(str, n)))),
    st.one_of(st.just("*"), st.integers(1, 23).map("*/{}".format), st.lists(
        st.integers(0, 5), min_size=1, max_size=4, unique=True).map(
            lambda n: ",".join(map(str, n)))),
)  # fmt: skip


def matches(field: str, value: int) -> bool:
    if field.startswith("*"):
        return value % int(field[2:] or 1) == 0
    return value in {int(part) for part in field.split(",")}


def oracle(cron: Cron, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """Walk through the minutes; a fixed time that does not exist is due at the end of its gap."""
    found = []
    at = begin.replace(second=0) + MINUTE
    while at <= end:
        wall = at.astimezone(zone)
        due = is_due(cron, wall) and not (cron.is_at_fixed_times and wall.fold)
        before = (at - MINUTE).astimezone(zone).replace(tzinfo=None) + MINUTE
        while cron.is_at_fixed_times and before < wall.replace(tzinfo=None):
            due = due or is_due(cron, before)
            before += MINUTE
        if due:
            found.append(at)
        at += MINUTE
    return found


def is_due(cron: Cron, wall: datetime) -> bool:
    return matches(cron.fields[0], wall.minute) and matches(cron.fields[1], wall.hour)


@pytest.mark.parametrize("name", ZONES)
def test_every_slot_is_found_once_and_in_order(name: str) -> None:
    zone = ZoneInfo(name)

    @settings(max_examples=25)
    @given(around_changes(name), fields)
    def holds(begin: datetime, times: tuple[str, str]) -> None:
        cron = parse_cron(f"{times[0]} {times[1]} * * *")
        end = begin + timedelta(days=1, hours=6)
        found = list(takewhile(lambda at: at <= end, slots(cron, zone, begin)))
        assert found == oracle(cron, zone, begin, end)

    holds()


@given(st.sampled_from(ZONES), st.data(), fields)
@example("Australia/Lord_Howe", None, ("*/5", "2"))
def test_going_on_from_any_slot_gives_the_same(
    name: str, data: st.DataObject | None, times: tuple[str, str]
) -> None:
    """A scheduler that looks again after each slot finds what one long look finds."""
    zone = ZoneInfo(name)
    begin = (
        datetime(2026, 4, 3, 20, tzinfo=UTC) if data is None else data.draw(around_changes(name))
    )
    cron = parse_cron(f"{times[0]} {times[1]} * * *")
    at, one_by_one = begin, []
    for _ in range(30):
        at = next_slot(cron, zone, at)
        one_by_one.append(at)
    assert one_by_one == list(islice(slots(cron, zone, begin), 30))


@pytest.mark.parametrize(
    ("cron", "zone", "after", "local"),
    [
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T12:00Z", "2027-03-28T03:00:00+02:00"),
        ("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00Z", "2027-10-31T02:30:00+02:00"),
        ("30 2 * * *", "Europe/Berlin", "2027-10-31T00:30Z", "2027-11-01T02:30:00+01:00"),
        ("*/30 2 * * *", "Europe/Berlin", "2027-10-31T00:30Z", "2027-10-31T02:00:00+01:00"),
        ("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00Z", "2027-10-03T02:30:00+11:00"),
        ("0 0 29 2 *", "UTC", "2026-11-26T00:00Z", "2028-02-29T00:00:00+00:00"),
        ("0 9 * * MON#1", "America/New_York", "2026-11-26T00:00Z", "2026-12-07T09:00:00-05:00"),
        ("0 0 L * *", "UTC", "2027-02-01T00:00Z", "2027-02-28T00:00:00+00:00"),
    ],
)
def test_known_slots(cron: str, zone: str, after: str, local: str) -> None:
    found = next_slot(parse_cron(cron), ZoneInfo(zone), datetime.fromisoformat(after))
    assert found.astimezone(ZoneInfo(zone)).isoformat() == local
