"""The clock of a process on a machine whose clock is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from syncline.domain.service_status import told_skew
from syncline.runtime.clock import InstallationClock, SystemClock

RIGHT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Machine:
    """What the machine's clock shows, reading after reading."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = RIGHT
        self.ahead = timedelta(0)
        monkeypatch.setattr(SystemClock, "now", lambda _: self.time + self.ahead)

    def database(self, seconds: float = 0.0) -> Callable[[], Awaitable[datetime]]:
        """Return a look at the right time that takes so many seconds."""

        async def read() -> datetime:
            self.time += timedelta(seconds=seconds / 2)
            now = self.time
            self.time += timedelta(seconds=seconds / 2)
            return now

        return read


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
async def test_a_wrong_clock_is_put_right(monkeypatch: pytest.MonkeyPatch, ahead: float) -> None:
    machine, clock = Machine(monkeypatch), InstallationClock()
    machine.ahead = timedelta(seconds=ahead)
    await clock.compare(machine.database(0.2))
    assert clock.skew == ahead
    assert clock.now() == machine.time
    machine.ahead = timedelta(0)  # somebody has set it
    await clock.compare(machine.database(0.2))
    assert (clock.skew, clock.now()) == (0.0, machine.time)


async def test_a_slow_answer_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, clock = Machine(monkeypatch), InstallationClock()
    machine.ahead = timedelta(seconds=5)
    await clock.compare(machine.database(6.0))
    assert clock.skew == 0.0


async def test_a_clock_that_is_about_right_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine, clock = Machine(monkeypatch), InstallationClock()
    machine.ahead = timedelta(seconds=1.5)
    await clock.compare(machine.database())
    assert (clock.skew, clock.now()) == (0.0, machine.time + machine.ahead)


def test_a_skew_is_told_in_words() -> None:
    assert told_skew(3600.4) == "its clock is 3,600 s ahead of the database's"
    assert told_skew(-12.0) == "its clock is 12 s behind the database's"
