"""What is told of an incident, and when: by the clock of the test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from syncline.domain.notification.incident import (
    AlertTiming,
    Announcement,
    Incident,
    decide_incident,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)
PACE = AlertTiming()


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def played(
    script: Sequence[tuple[float, bool]], until: float, pace: AlertTiming = PACE
) -> list[str]:
    """Return what is told: the script says when the streams of an incident fail or are well."""
    told: list[str] = []
    incident: Incident | None = None
    changes: tuple[datetime, ...] = ()
    minute = 0.0
    while minute <= until:
        for when, fails in script:
            if when == minute and (fails or incident is not None):
                incident = incident or Incident(1, 1, proven=False, since=at(when), changes=changes)
                if fails != (incident.failing > 0):
                    incident = _set(incident, failing=int(fails), proven=not fails, since=at(when))
        if incident is not None:
            step = decide_incident(incident, at(minute), pace)
            changes = step.changes
            if step.tell is not None:
                told.append(f"{minute:g} {step.tell}")
                incident = _set(incident, told_at=at(minute), untold=0)
            incident = None if step.closed else _set(incident, told=step.told, changes=changes)
        minute += 0.5
    return told


def _set(incident: Incident, **fields: object) -> Incident:
    own = {name: getattr(incident, name) for name in Incident.__struct_fields__}
    return Incident(**(own | fields))


OUTAGES = [(0, True), (3, False), (20, True), (23, False), (40, True), (43, False)]


@pytest.mark.parametrize(
    ("script", "until", "told"),
    [
        ([(0, True)], 600, ["1 failing"]),
        ([(0, True), (0.5, False)], 60, []),
        ([(0, True), (3, False)], 60, ["1 failing", "8 recovered"]),
        ([(0, True), (3, False), (6, True), (7, False)], 60, ["1 failing", "12 recovered"]),
        (OUTAGES, 200, ["1 failing", "8 recovered", "21 flapping", "103 recovered"]),
        ([*OUTAGES, (60, True)], 200,
         ["1 failing", "8 recovered", "21 flapping", "120 failing"]),
        ([(0, True), (3, False), (200, True), (203, False)], 300,
         ["1 failing", "8 recovered", "201 failing", "208 recovered"]),
    ],
)  # fmt: skip
def test_what_people_are_told_over_the_hours(
    script: list[tuple[float, bool]], until: float, told: list[str]
) -> None:
    assert played(script, until) == told


def test_without_patience_each_change_is_told_at_once() -> None:
    pace = AlertTiming(window=0, hold=0, quiet=3600, flaps=0)
    told = played(OUTAGES, 60, pace)
    assert told == ["0 failing", "3 recovered", "20 failing", "23 recovered", "40 failing",
                    "43 recovered"]  # fmt: skip


def test_an_empty_run_proves_nothing() -> None:
    quiet = Incident(0, 0, proven=False, since=T0, told=Announcement.FAILING, told_at=T0)
    step = decide_incident(quiet, at(10_000), PACE)
    assert (step.tell, step.closed, step.due_at) == (None, False, None)
    unknown = Incident(0, 1, proven=False, since=T0)
    assert decide_incident(unknown, at(1), PACE).closed


def test_more_streams_are_told_once_after_the_quiet_time() -> None:
    more = Incident(5, 3, proven=False, since=T0, told=Announcement.FAILING, told_at=at(1))
    assert decide_incident(more, at(60), PACE).due_at == at(61)
    assert decide_incident(more, at(61), PACE).tell is Announcement.FAILING
