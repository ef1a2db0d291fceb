"""The lines of runs: begun, waits, done; failures are logged a few times, then counted."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import CapturingLogger

from syncline.contracts.bundle import Bundle
from syncline.contracts.run_ref import RunRef, ref_of
from syncline.telemetry import run_log
from syncline.telemetry.run_log import AT_ONCE, EVERY, MOST_RUNS, QUIET, RunLog
from tests.support.memory_runs import a_run
from tests.support.reports import one_batch

RUN = ref_of(a_run())
OTHER = ref_of(a_run("01a218f0-d9ad-7980-81d9-14cf848cf7d2"))


def bundle(*ids: str, run: RunRef = RUN) -> Bundle:
    return one_batch(run, 0, 0, list(range(len(ids))), list(ids), [{"x": 1}] * len(ids))


class Place:
    """A log of runs, its clock, and its lines: event, and what some of its keys say."""

    def __init__(self, lines: CapturingLogger) -> None:
        self.now = 0.0
        self.lines = lines
        self.log = RunLog(lambda: self.now)

    def work(self, *bundles: Bundle, seconds: float = 0.0) -> None:
        with self.log.work("execute", list(bundles)):
            self.now += seconds

    def fail(self, code: str = "http_422") -> None:
        self.log.note("call_refused", "execute", RUN, {code: 2}, of=10)

    def told(self, *keys: str) -> list[tuple[Any, ...]]:
        calls, self.lines.calls = self.lines.calls, []
        assert all("correlation_id" in call.kwargs for call in calls)
        return [(call.args[0], *(call.kwargs.get(key) for key in keys)) for call in calls]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Place:
    lines = CapturingLogger()  # earlier tests may have used the module's own
    monkeypatch.setattr(run_log, "log", lines)
    return Place(lines)


def test_a_stage_tells_when_it_begins_a_run_and_when_it_is_done_with_it(place: Place) -> None:
    place.work(bundle("a", "b"), bundle("c", run=OTHER), seconds=2)
    assert place.told("stage", "correlation_id", "instance") == [
        ("stage_begins_run", "execute", run.id, run.instance_name) for run in (RUN, OTHER)
    ]
    place.work(bundle("d"), seconds=3)
    place.log.look()
    assert place.told() == []
    place.now += QUIET
    place.log.look()
    done = "stage_done_with_run"
    assert sorted(place.told("records", "messages", "seconds")) == [
        (done, 1, 1, 2),
        (done, 3, 2, 5),
    ]
    place.work(bundle("late"))
    assert place.told() == [("stage_begins_run",)]


def test_of_many_failures_a_few_are_logged_and_the_others_counted(place: Place) -> None:
    place.work(bundle("a"))
    for _ in range(AT_ONCE + 20):
        place.fail()
    place.fail("http_500")
    refused = "call_refused"
    assert place.told("records", "of", "folded")[1:] == [(refused, 2, 10, None)] * AT_ONCE
    place.log.look()
    assert place.told() == []
    place.now += QUIET / 2
    for _ in range(round(2 * EVERY / QUIET)):
        place.now += QUIET / 2
        place.fail()
        place.log.look()
    ((*line, codes),) = place.told("records", "total", "folded", "codes")
    assert (line, codes["http_500"]) == ([refused, line[1], line[1] + 2 * AT_ONCE, True], 2)

    place.fail("timeout")
    place.log.count("dead_letters", "execute", RUN, 7)
    place.log.close()
    last, done = place.told("records", "codes", "call_refused", "dead_letters")
    total = line[1] + 2 * AT_ONCE
    assert (last[0], sum(last[2].values())) == (refused, last[1])
    assert (done[0], *done[3:]) == ("stage_done_with_run", total + last[1], 7)


def test_a_call_that_takes_long_is_a_wait(place: Place) -> None:
    with place.log.work("execute", [bundle("a")]):
        place.now += EVERY + 5
        place.log.look()
        place.log.look()
        place.now += 10
    assert place.told("seconds")[1:] == [
        ("stage_waits_in_run", round(EVERY) + 5),
        ("stage_goes_on_in_run", round(EVERY) + 15),
    ]


def test_runs_are_forgotten_beyond_a_bound(place: Place) -> None:
    runs = [ref_of(a_run(f"01a218f0-d9ad-7980-81d9-{n:012x}")) for n in range(MOST_RUNS + 1)]
    for run in runs:
        place.work(bundle("a", run=run))
    ended = [run_id for event, run_id in place.told("correlation_id") if "done" in str(event)]
    assert ended == [runs[0].id]
