"""The monitor's figures: from the newest snapshot of each process, whatever arrives how often."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.contracts.snapshots import Snapshot
from syncline.domain.service_status import Dot, Rates, ServiceStatus
from syncline_monitor.rules import Ages, Process, Processes, StageLag

START = 1_000.0
NO_LAG = StageLag(0, 1, None)
MANY = 10**9
"""More records in flight than can wait."""


def snapshot(seq: int, records: int = 0, process: str = "p", **more: object) -> Snapshot:
    """The snapshot of a process that has run for `seq` seconds and hands on all it takes."""
    made = Snapshot(
        "execute", process, seq, "host", 1, "2026-01-01T00:00:00+00:00", float(seq),
        records_in=records, records_out=records, messages=records // 100,
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


def after(snapshots: list[Snapshot]) -> Processes:
    """What is known after these arrived, a second apart by their sequence, in the order given."""
    processes = Processes()
    for each in snapshots:
        processes.apply(each, START + each.seq)
    return processes


def execute(processes: Processes, lag: StageLag = NO_LAG, later: float = 0.0) -> ServiceStatus:
    (health,) = processes.status(["execute"], {"execute": lag}, processes.now + later, MANY)
    return health


def test_rates_are_differences_over_their_window() -> None:
    counts = [0, 0, 0, 100, 200, 300, 400, 500, 600, 700, 700, 700]
    health = execute(after([snapshot(n + 1, count) for n, count in enumerate(counts)]))
    assert health.incoming == Rates(0.0, 70.0, round(700 / 12, 2))
    assert health.outgoing == health.incoming


@given(
    st.lists(st.integers(0, 500), min_size=2, max_size=30),
    st.lists(st.integers(0, 29), max_size=60),
)
def test_copies_and_late_snapshots_change_nothing(steps: list[int], again: list[int]) -> None:
    in_order = [snapshot(n + 1, sum(steps[: n + 1])) for n in range(len(steps))]
    disturbed = list(in_order)
    for place, copy in enumerate(again):  # each copy comes some time after the first of its kind
        original = in_order[copy % len(in_order)]
        disturbed.insert(disturbed.index(original) + 1 + place % 5, original)
    assert execute(after(disturbed)) == execute(after(in_order))


def test_processes_made_of_the_table_goes_on_where_the_lost_one_stood() -> None:
    processes = Processes([Process(snapshot(104, 1040), START + 104)])
    processes.apply(snapshot(105, 1050), START + 105)
    assert execute(processes).incoming == Rates(10.0, 10.0, 10.0)


def test_a_new_process_does_not_count_what_another_did() -> None:
    old = [snapshot(n, 5_000, "old") for n in (600, 601)]
    new = [snapshot(n + 601, n * 20, "new", uptime=float(n)) for n in (1, 2, 3)]
    health = execute(after([*old, *new]))
    assert health.incoming.second == 20.0
    assert len(health.workers) == 2


def test_a_silent_process_stops_counting_as_a_worker_and_its_rates_fade() -> None:
    processes = after([snapshot(n, n * 100) for n in range(1, 21)])
    assert len(execute(processes, later=4.9).workers) == 1
    gone = execute(processes, later=15)
    assert gone.workers == []
    assert (gone.incoming.second, gone.incoming.ten_seconds) == (0.0, 0.0)
    assert 0 < gone.incoming.minute < 100


def test_a_process_that_leaves_is_no_worker_at_once_and_its_copies_do_not_revive_it() -> None:
    last = snapshot(3, leaving=True)
    processes = after([snapshot(1), snapshot(2), last, snapshot(2), last])
    assert execute(processes).workers == []


def test_what_was_silent_for_long_is_forgotten() -> None:
    processes = after([snapshot(1, 50, "a"), snapshot(700, 50, "b")])
    assert processes.forget() == ["a"]
    assert processes.forget() == []


@pytest.mark.parametrize(
    ("messages", "later", "members", "dot", "why"),
    [
        (0, 0, 1, Dot.GREEN, "keeps up"),
        (9, 0, 1, Dot.GREEN, "keeps up"),
        (10, 0, 1, Dot.AMBER, "1,000 records waiting"),
        (100, 0, 1, Dot.RED, "10,000 records waiting: start more of it, or its target is slow"),
        (1, 6, 0, Dot.RED, "no consumer; 100 records waiting"),
        (1, 6, 1, Dot.RED, "no consumer is heard, 1 still in its group; 100 records waiting"),
        (0, 6, 0, Dot.AMBER, "no consumer; 0 records waiting"),
    ],
)
def test_the_dot_says_what_waits_and_whether_anybody_works(
    messages: int, later: float, members: int, dot: Dot, why: str
) -> None:
    processes = after([snapshot(1, 1000), snapshot(2, 2000)])
    health = execute(processes, StageLag(messages, members, None), later)
    assert (health.dot, health.why) == (dot, why)


def test_a_stage_whose_messages_were_deleted_unread_is_red() -> None:
    why = "retention deleted 7 messages that it had not read"
    processes = after([snapshot(1, 1000)])
    stopped = execute(processes, StageLag(0, 0, None, gone=7), 6)
    assert (stopped.dot, stopped.why) == (Dot.RED, why)
    told = msgspec.structs.replace(snapshot(2, 2000), gone_unread=7)
    running = execute(after([snapshot(1, 1000), told]), NO_LAG)
    assert (running.dot, running.why) == (Dot.RED, why)


def test_a_stage_that_never_worked_is_waited_for_by_messages_of_the_size_of_others() -> None:
    processes = after([snapshot(1, 1000, stage="normalize"), snapshot(2, 2000, stage="normalize")])
    assert execute(processes, StageLag(5, 0, None)).waiting == 500
    (retry,) = processes.status(["retry"], {"retry": StageLag(5, 0, None)}, processes.now, MANY)
    assert retry.waiting == 5


def test_a_record_waits_once_however_many_its_messages_are_thought_to_hold() -> None:
    processes = after([snapshot(1, 1000)])  # 100 records a message, as a rule
    lags = {"execute": StageLag(9, 1, None), "retry": StageLag(100, 1, None)}
    lags |= {"deadletter": StageLag(3, 1, None), "ingest": StageLag(2, 1, None)}

    def waiting(in_flight: int) -> list[int | None]:
        found = processes.status(list(lags), lags, processes.now, in_flight)
        return [status.waiting for status in found]

    assert waiting(5000) == [900, 100, 3, 2]
    assert waiting(329) == [296, 33, 3, 2]
    assert waiting(2) == [2, 1, 3, 2]  # the estimate leaves out no stage for which messages wait
    assert waiting(0) == [0, 0, 3, 2]


def test_a_service_without_topics_runs_or_not() -> None:
    processes = after([snapshot(1, stage="gateway")])
    (up,) = processes.status(["gateway"], {}, processes.now, 0)
    (down,) = processes.status(["scheduler"], {}, processes.now, 0)
    assert (up.dot, up.waiting) == (Dot.GREEN, None)
    assert (down.dot, down.why) == (Dot.RED, "not running")


def test_the_age_of_what_waits_is_known_from_where_the_topic_ended() -> None:
    ages, place = Ages(), ("payload", 0)
    looks = [(0, 0, None), (0, 5, 0.0), (0, 9, 1.0), (5, 9, 1.0), (8, 9, 2.0), (9, 9, None)]
    found = [ages.oldest({place: d}, {place: e}, float(at)) for at, (d, e, _) in enumerate(looks)]
    assert found == [age for _, _, age in looks]


def test_a_machine_whose_clock_is_wrong_is_named() -> None:
    status = execute(after([snapshot(1, skew=3600.0)]))
    assert status.dot is Dot.AMBER
    assert status.why == "keeps up; host: its clock is 3,600 s ahead of the database's"
