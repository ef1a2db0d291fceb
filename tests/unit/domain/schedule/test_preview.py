"""Schedules in words: sentence, next firings, notes at clock changes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncline.domain.errors import InvalidInputError
from syncline.domain.schedule.preview import parse_cadence, preview

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def notes(cron: str, zone: str) -> list[str]:
    return preview(*parse_cadence(cron, zone), NOW).notes


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "Every minute"),
        ("*/15 * * * *", "Every 15 minutes"),
        ("30 */6 * * *", "Every 6 hours at minute 30"),
        ("0 5 * * *", "Every day at 05:00"),
        ("0 5 * * mon-fri", "Every weekday at 05:00"),
        ("5 7 * * 1,3", "Every Monday and Wednesday at 07:05"),
        ("0 0 31 * *", "On day 31 of every month at 00:00"),
        ("0 0 L * *", "On the last day of every month at 00:00"),
        ("0 0 29 2 *", "At 00:00 on February 29"),
    ],
)
def test_an_expression_in_words(cron: str, words: str) -> None:
    assert preview(*parse_cadence(cron, "UTC"), NOW).sentence == words


def test_the_next_firings_are_told_in_both_zones() -> None:
    found = preview(*parse_cadence("30 2 * * *", "America/New_York"), NOW).next
    assert len(found) == 5
    assert found[0].at == datetime(2026, 11, 27, 7, 30, tzinfo=UTC)
    assert found[0].local == "2026-11-27T02:30:00-05:00"


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("30 2 * * *", "Europe/Berlin", [
            "On 28 Mar 2027 02:30 does not exist: fires at 03:00.",
            "On 31 Oct 2027 02:30 happens twice: fires once, the first time.",
        ]),
        ("0,30 2 * * *", "Europe/Berlin", [
            "On 28 Mar 2027 02:00 and 02:30 do not exist: fires at 03:00.",
            "On 31 Oct 2027 02:00 and 02:30 happen twice: fires once, the first time.",
        ]),
        ("30 */2 * * *", "Europe/Berlin", [
            "On 28 Mar 2027 02:30 does not exist: no firing then.",
            "On 31 Oct 2027 02:30 happens twice: fires both times.",
        ]),
        ("15 2 * * *", "Australia/Lord_Howe", [
            "On 3 Oct 2027 02:15 does not exist: fires at 02:30.",
        ]),
        ("30 12 * * *", "Europe/Berlin", []),
        ("15 * * * *", "America/New_York", []),
        ("* * * * *", "Europe/Berlin", []),
        ("30 2 * * *", "UTC", []),
        ("*/7 * * * *", "UTC", [
            "The hour is not a multiple of 7 minutes: after minute 56 comes minute 0.",
        ]),
        ("0 0 31 * *", "UTC", ["Months without a day 31 are left out."]),
        ("0 0 13 * 5", "UTC", [
            "Day of month and day of week are both given: one of them is enough.",
        ]),
    ],
)  # fmt: skip
def test_what_one_might_not_expect_is_told(cron: str, zone: str, said: list[str]) -> None:
    assert notes(cron, zone) == said


def test_mistakes_of_both_are_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_cadence("0 0 31 2 *", "Mars/X")
    assert [problem.path for problem in refused.value.problems] == ["$.cron", "$.timezone"]
