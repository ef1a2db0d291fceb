"""Finalize: what becomes of reports, and what is told of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from syncline.contracts.messages import (
    Advance,
    Attempt,
    DeadLetterRef,
    Extracted,
    Halted,
    Report,
    Retrying,
    Settled,
    Stalling,
    Timing,
    Waiting,
    encode,
)
from syncline.contracts.outbound import report_message
from syncline.contracts.run_ref import ref_of
from syncline.contracts.timings import HEADER
from syncline.contracts.topics import OUTCOMES
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure, RetriableError
from syncline.domain.failure_budget import PAUSED_BY
from syncline.domain.run import Run
from syncline.runtime.commands.control import pause_message
from syncline.telemetry.metrics import REGISTRY
from syncline.testing.clock import EPOCH, FakeClock
from syncline.testing.memory_broker import MemoryBroker
from syncline_finalize.handler import FinalizeHandler
from syncline_finalize.main import SPEC
from tests.support.faults import CrashError, crash_after, fail_once
from tests.support.memory_runs import ID, MemoryRuns, a_run
from tests.support.reports import settled as one_settled
from tests.support.stage_messages import (
    dead_letters,
    delivered,
    events,
    of_run,
    on,
    reports,
)

NO = Failure(Category.PERMANENT, "rejected", "the target said no")
RUN = ref_of(a_run())
LONG = 1800.0


class Place:
    """A handler, its runs in memory, and the topics that its side tasks send to."""

    def __init__(self, broker: MemoryBroker | None = None) -> None:
        self.clock = FakeClock()
        self.runs = MemoryRuns(self.clock)
        self.broker = broker or MemoryBroker()
        self.cancelled: list[str] = []
        self.handler = FinalizeHandler(
            self.runs, self.runs, self.broker.producer(), self.clock, LONG, lambda: self.cancelled
        )

    async def extracted(self, batches: Mapping[int, str], *, ended: bool = True) -> Run:
        run = a_run()
        await self.runs.extract(run, batches, ended=ended)
        return run

    async def handle(self, *sent: Report) -> list[Outbound]:
        return await self.handler.handle(
            [SPEC.decode(delivered(report_message(r)), {r.run.id: r.run}) for r in sent]
        )

    async def beside(self, name: str, seconds: float) -> list[Outbound]:
        """Let one side task work for so many seconds; return all that was sent beside the loop."""
        task = asyncio.ensure_future(self.handler.side_tasks()[name]())
        await self.clock.advance(seconds)
        task.cancel()
        return self.sent()

    def sent(self) -> list[Outbound]:
        """Return all that was sent beside the loop."""
        topics = ("status", "outcomes", "control", "dlq")
        lying = [d for topic in topics for d in self.broker.lying(topic)]
        return [Outbound(d.topic, d.key or b"", d.value, 0, d.headers) for d in lying]


@pytest.fixture
def place() -> Place:
    return Place()


def settled(codes: Mapping[int, str], number: int = 0, **more: Any) -> Settled:
    return one_settled(RUN, number, list(codes), "".join(codes.values()), "execute", **more)


async def test_reports_become_one_event_with_the_counters(place: Place) -> None:
    await place.extracted({0: "abc"})
    messages = await place.handle(settled({0: "S", 1: "X"}), Advance(RUN))
    ((kind, data),) = events(messages)
    assert (kind, data["success"], data["skipped"], data["inFlight"]) == ("run.progress", 1, 1, 1)


async def test_what_stages_tell_of_a_run_that_ended_is_not_asked_of_the_database(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Report] = []
    apply = place.runs.apply

    async def noted(reports: Sequence[Report]) -> list[Run]:
        asked.extend(reports)
        return await apply(reports)

    monkeypatch.setattr(place.runs, "apply", noted)
    await place.extracted({0: "a"})
    await place.handle(Advance(RUN, "execute", [(0, 0)]))
    await place.handle(settled({0: "S"}))
    assert await place.handle(Advance(RUN, "execute", [(0, 0)])) == []
    assert [type(report) for report in asked] == [Advance, Settled]
    await place.handle(Advance(RUN))
    assert [type(report) for report in asked] == [Advance, Settled, Advance]


async def test_the_last_outcome_completes_the_run_at_once(place: Place) -> None:
    await place.extracted({0: "ab"})
    await place.handle(settled({0: "S"}))
    ((kind, data),) = events(await place.handle(settled({1: "S"}), Extracted(RUN, 1, 2)))
    assert (kind, data["state"], data["inFlight"]) == ("run.completed", "succeeded", 0)


async def test_a_run_that_needs_attention_is_paused_for_all_stages_and_says_why(
    place: Place,
) -> None:
    run = await place.extracted({0: "abc"})
    await place.runs.pause("default", run.id, PAUSED_BY)
    place.runs.run(run.id).needs_attention = "1 of 3 records failed"
    messages = await place.handle(settled({0: "F"}))
    ((kind, data),) = events(messages)
    assert (kind, data["needsAttention"], data["pausedBy"]) == (
        "run.needs_attention", "1 of 3 records failed", PAUSED_BY,
    )  # fmt: skip
    assert [m.value for m in on(messages, "control")] == [pause_message(run.id, PAUSED_BY).value]


async def test_reports_that_come_twice_count_once_and_are_told_with_a_higher_number(
    place: Place,
) -> None:
    await place.extracted({0: "ab"})
    ((_, first),) = events(await place.handle(settled({0: "S"})))
    await place.clock.advance(1)
    ((_, again),) = events(await place.handle(settled({0: "S"})))
    assert (again["success"], again["seq"] > first["seq"]) == (1, True)


async def test_a_crash_between_commit_and_event_loses_no_event(place: Place) -> None:
    await place.extracted({0: "a"})
    crash_after(place.runs, "apply")
    with pytest.raises(CrashError):
        await place.handle(settled({0: "S"}))
    ((kind, data),) = events(await place.handle(settled({0: "S"})))
    assert (kind, data["success"]) == ("run.completed", 1)


async def test_while_the_database_is_away_nothing_is_told(place: Place) -> None:
    await place.extracted({0: "a"})
    fail_once(place.runs, "apply", RetriableError("PostgreSQL is away"))
    with pytest.raises(RetriableError):
        await place.handle(settled({0: "S"}))
    assert events(await place.handle(settled({0: "S"})))[0][0] == "run.completed"


async def test_reports_of_a_run_that_nobody_knows_are_passed_over(place: Place) -> None:
    assert await place.handle(settled({0: "S"})) == []


async def test_each_dead_letter_is_told_before_the_run_with_numbers_in_a_row(place: Place) -> None:
    await place.extracted({0: "abc"})
    letters = [DeadLetterRef(ID, name, "execute", NO) for name in "a"]
    told = events(await place.handle(settled({0: "F"}, letters=letters)))
    assert [kind for kind, _ in told] == ["record.dead_lettered", "run.progress"]
    assert told[1][1]["seq"] == told[0][1]["seq"] + 1
    assert (told[0][1]["sourceId"], told[0][1]["failure"]["code"]) == ("a", "rejected")


async def test_a_wait_is_told_with_its_reason(place: Place) -> None:
    await place.extracted({0: "ab"})
    due = int((EPOCH + timedelta(seconds=60)).timestamp() * 1000)
    retry = Retrying(RUN, 0, [0], ["a"], [Attempt(1, EPOCH.isoformat(), "execute", NO)], due)
    ((kind, data),) = events(await place.handle(retry, Waiting(RUN, 1, due, "429: too many")))
    assert (kind, data["waitingUntil"]) == ("run.waiting", "2026-01-01T00:01:00+00:00")
    assert data["reason"] == (
        "1 record will be tried again; 1 record waiting until 2026-01-01T00:01:00+00:00: "
        "429: too many"
    )


async def test_as_long_as_a_run_waits_each_event_says_for_what(place: Place) -> None:
    await place.extracted({0: "abc"})
    due = int((EPOCH + timedelta(seconds=60)).timestamp() * 1000)
    await place.handle(Waiting(RUN, 2, due, "429: too many"))
    await place.clock.advance(1)
    ((kind, data),) = events(await place.handle(settled({0: "S"})))
    assert (kind, "429: too many" in data["reason"]) == ("run.progress", True)
    await place.clock.advance(60)
    ((kind, data),) = events(await place.handle(settled({1: "S"})))
    assert (kind, data["reason"]) == ("run.progress", None)


async def test_a_halt_cancels_what_other_stages_still_have(place: Place) -> None:
    await place.extracted({0: "ab"})
    messages = await place.handle(Halted(RUN, NO), settled({0: "C", 1: "C"}))
    (command,) = on(messages, "control")
    assert (command.key, command.value) == (
        ID.encode(),
        b'{"action":"cancel","by":"finalize: halted"}',
    )
    assert events(messages)[0][1]["state"] == "failed"


async def test_a_cancelled_run_ends_when_all_is_skipped(place: Place) -> None:
    run = await place.extracted({0: "ab"})
    await place.runs.request_cancel("default", run.id, "ann")
    ((kind, data),) = events(await place.handle(settled({0: "S", 1: "C"})))
    assert (kind, data["state"], data["reason"]) == (
        "run.completed",
        "cancelled",
        "cancelled by ann",
    )


async def test_progress_is_held_back_to_its_rate_and_then_told_as_it_stands(place: Place) -> None:
    await place.extracted({0: "abcd"})
    assert len(events(await place.handle(settled({0: "S"})))) == 1
    assert events(await place.handle(settled({1: "S"}))) == []
    assert events(await place.handle(settled({2: "S"}))) == []
    ((_, data),) = events(await place.beside("held-back", 1.0))
    assert data["success"] == 3


async def test_a_run_in_which_nothing_moves_is_suspected_behind_its_reports_and_given_up(
    place: Place,
) -> None:
    await place.extracted({0: "ab"})
    await place.handle(settled({0: "S"}))
    (suspicion, *_) = reports(await place.beside("stalled", LONG + 120))
    assert isinstance(suspicion, Stalling)
    suspicion = msgspec.structs.replace(suspicion, run=RUN)
    assert await place.handle(suspicion) == []
    await place.clock.advance(LONG)

    for times in (1, 2):  # closing is told again after a crash
        ((kind, _),) = events(await place.handle(suspicion))
        assert kind == "run.completed"
        command = on(place.sent(), "control")[-1]
        assert command.value == b'{"action":"cancel","by":"finalize: stalled"}'
        assert [letter.source_id for letter in dead_letters(place.sent())] == ["b"] * times
        assert [kind for kind, _ in events(place.sent())] == ["record.dead_lettered"] * times


async def test_the_dead_letters_of_a_large_stalled_run_go_by_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What Kafka took is not published again when a later page fails."""
    monkeypatch.setattr("syncline_finalize.handler.PAGE", 2)
    place = Place(MemoryBroker(lose_acks=0.4, seed=3))
    ids = "abcdefghijklmnopqrst"
    await place.extracted({0: ids})
    await place.clock.advance(LONG + 1)
    (stalling,) = await place.runs.suspects(LONG)
    assert await place.handle(stalling) == []
    await place.clock.advance(LONG)
    failures = 0
    while True:
        try:
            messages = await place.handle(stalling)
        except RetriableError:
            failures += 1
        else:
            assert [kind for kind, _ in events(messages)] == ["run.completed"]
            break
    told = [letter.source_id for letter in dead_letters(place.sent())]
    assert failures > 2
    assert set(told) == set(ids)
    assert len(told) <= len(ids) + 2 * failures
    assert len(events(place.sent())) == len(told)


async def test_a_cancel_is_forgotten_when_no_message_of_its_run_can_come(place: Place) -> None:
    run = await place.extracted({0: "a"})
    place.cancelled = [run.id]
    await place.handle(settled({0: "C"}))
    await place.clock.advance(7 * 24 * 3600 + 1)  # a stage may have been away for so long
    assert await place.beside("forget", 100) == []
    await place.clock.advance(7 * 24 * 3600 - 200)
    (command, *_) = await place.beside("forget", 200)
    assert (command.key, command.value) == (run.id.encode(), None)


def changed(report: Report, **fields: object) -> bytes:
    """Return a report with some fields that a writer of ours never sends."""
    return encode(msgspec.json.decode(encode(report)) | fields)


RETRYING = Retrying(RUN, 0, [0], ["a"], [Attempt(1, EPOCH.isoformat(), "execute", NO)], 1)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"{",
        b"[" * 100_000,
        changed(settled({0: "S"}), type="unheard"),
        changed(settled({0: "S"}), batches=[[0, [0], "SS"]]),
        changed(settled({0: "S"}), batches=[[0, [0], "?"]]),
        changed(settled({0: "S"}), batches=[[0, [-1], "S"]]),
        changed(settled({0: "S"}), batches=[[-1, [0], "S"]]),
        changed(settled({0: "S"}), run={**msgspec.to_builtins(RUN), "id": ID.upper()}),
        changed(RETRYING, ids=["a", "b"]),
        changed(RETRYING, slots=[-1]),
        changed(RETRYING, attempts=[]),
    ],
)
def test_what_is_no_report_is_undecodable(value: bytes | None) -> None:
    with pytest.raises((msgspec.MsgspecError, ValueError, RecursionError)):
        SPEC.decode(of_run("outcomes", value, RUN), {RUN.id: RUN})


def test_a_report_has_the_timings_of_its_header_or_as_they_were_sent_before() -> None:
    timings = [Timing("payload", 1, 2, 3)]
    message = report_message(settled({0: "S"}))
    with_header = msgspec.structs.replace(
        message, headers=(*message.headers, (HEADER, encode(timings)))
    )
    older = report_message(settled({0: "S"}, timings=timings))
    for sent in (with_header, older):
        report = SPEC.decode(delivered(sent), {RUN.id: RUN})
        assert isinstance(report, Settled)
        arrived = Timing(OUTCOMES, int(EPOCH.timestamp() * 1000))
        assert report.timings == [*timings, arrived]


async def test_the_records_of_a_report_are_measured_by_their_way_into_the_pipeline() -> None:
    def measured() -> list[float | None]:
        name = "syncline_record_seconds"
        below = [REGISTRY.get_sample_value(f"{name}_bucket", {"le": le}) for le in ("2.5", "5.0")]
        return [*below, REGISTRY.get_sample_value(f"{name}_sum")]

    place = Place()
    await place.extracted({0: "abc"})
    before = measured()
    entered = round((EPOCH.timestamp() - 3) * 1000)
    timings = [Timing("raw", entered), Timing("payload", entered + 2000)]
    await place.handle(settled({0: "S", 1: "S", 2: "S"}, timings=timings))
    grown = [(now or 0) - (then or 0) for now, then in zip(measured(), before, strict=True)]
    assert grown == [0, 3, pytest.approx(9.0)]
