"""What becomes of slots that have come: on time, late, far too late, or not able to fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from syncline.domain.schedule.firing import DueSchedule, FiringKind, FiringResult, run_id_of
from syncline_scheduler.rules import MOST_MISSED, decide_update

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO = NOON - 30 * DAY


def coming(next_at: datetime, cron: str = "*/10 * * * *") -> DueSchedule:
    return DueSchedule("s1", "default", "nightly", cron, "UTC", next_at, True, LONG_AGO)


def became(
    schedule: DueSchedule, now: datetime
) -> tuple[list[tuple[datetime, str, str]], datetime]:
    next_at, noted = decide_update(schedule, now)
    return [(n.slot, n.kind.value, n.result.value) for n in noted], next_at


def test_a_slot_that_comes_fires_and_the_next_one_waits() -> None:
    found = became(coming(NOON), NOON + timedelta(seconds=0.4))
    assert found == ([(NOON, "slot", "due")], NOON + 10 * MINUTE)


def test_after_a_stop_only_the_newest_fires_if_it_is_under_an_hour_old() -> None:
    found, next_at = became(coming(NOON - 30 * MINUTE), NOON + 5 * MINUTE)
    missed = [(NOON - n * MINUTE, "slot", "missed") for n in (30, 20, 10)]
    assert found == [*missed, (NOON, "catch_up", "due")]
    assert next_at == NOON + 10 * MINUTE


def test_what_is_an_hour_old_is_recorded_and_not_caught_up() -> None:
    daily = "0 12 * * *"
    assert became(coming(NOON, daily), NOON + HOUR - MINUTE)[0] == [(NOON, "catch_up", "due")]
    found = became(coming(NOON, daily), NOON + HOUR)
    assert found == ([(NOON, "slot", "missed")], NOON + DAY)


def test_nothing_is_caught_up_from_before_it_could_fire() -> None:
    changed = msgspec.structs.replace(coming(NOON, "0 12 * * *"), able_since=NOON + MINUTE)
    assert became(changed, NOON + 5 * MINUTE)[0] == [(NOON, "slot", "missed")]
    assert became(changed, NOON + timedelta(seconds=30))[0] == [(NOON, "slot", "due")]


def test_a_schedule_that_cannot_run_passes_its_slots_without_a_trace() -> None:
    unable = msgspec.structs.replace(coming(NOON), able=False)
    assert became(unable, NOON + 25 * MINUTE) == ([], NOON + 30 * MINUTE)


def test_a_long_stop_is_taken_in_bites_and_ends_with_one_run() -> None:
    schedule, now = coming(NOON - 3 * DAY, "* * * * *"), NOON + timedelta(seconds=1)
    results: list[tuple[datetime, str, str]] = []
    looks = 0
    while schedule.next_at <= now:
        found, next_at = became(schedule, now)
        results += found
        schedule = msgspec.structs.replace(schedule, next_at=next_at)
        looks += 1
    assert looks == 5
    assert len(results) == len({slot for slot, _, _ in results}) == 3 * 24 * 60 + 1
    assert [r for r in results if r[2] == "due"] == [(NOON, "slot", "due")]
    assert MOST_MISSED == 1000


def test_a_stop_of_a_year_is_not_recorded_minute_by_minute() -> None:
    _, noted = decide_update(coming(NOON - 365 * DAY, "0 * * * *"), NOON + 5 * MINUTE)
    assert min(firing.slot for firing in noted) >= NOON - 7 * DAY
    assert [firing.kind for firing in noted if firing.result is FiringResult.DUE] == [
        FiringKind.CATCH_UP
    ]


def test_the_run_of_a_slot_has_one_name() -> None:
    assert run_id_of("s1", NOON) == run_id_of("s1", NOON)
    assert len({run_id_of("s1", NOON), run_id_of("s2", NOON), run_id_of("s1", NOON + MINUTE)}) == 3
