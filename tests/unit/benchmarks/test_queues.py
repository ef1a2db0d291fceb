"""The simulation of queues beside what is known of them by formulas, and beside a measured case."""

from __future__ import annotations

from random import Random
from statistics import mean

import pytest

from benchmarks.scaling import slots
from benchmarks.scaling.queues import Job, Station, Visit, simulate
from benchmarks.scaling.simulation import Day, run_day, servers_for

JOBS = 40_000
A_SECOND = 0.7


def _waits(station: Station, *, constant: bool) -> float:
    """Let jobs of a second's service arrive at random, and return the mean wait."""
    draw, now, jobs = Random(1), 0.0, []
    for number in range(JOBS):
        now += draw.expovariate(A_SECOND * station.servers)
        seconds = 1.0 if constant else draw.expovariate(1.0)
        jobs.append(Job(now, [Visit(station, seconds, number)]))
    simulate(jobs)
    assert station.used(now) == pytest.approx(A_SECOND, rel=0.03)
    return mean(station.waits)


def test_one_server_waits_as_the_formulas_say() -> None:
    expected = A_SECOND / (1 - A_SECOND)  # M/M/1: rho / (mu - lambda), mu = 1
    assert _waits(Station("one", 1), constant=False) == pytest.approx(expected, rel=0.08)
    assert _waits(Station("one", 1), constant=True) == pytest.approx(expected / 2, rel=0.08)


def test_servers_that_share_a_queue_wait_less_than_those_with_partitions() -> None:
    shared = _waits(Station("shared", 2), constant=False)
    expected = A_SECOND**2 / (1 - A_SECOND**2)  # M/M/2: rho^2 / (1 - rho^2), mu = 1
    assert shared == pytest.approx(expected, rel=0.08)
    assert _waits(Station("parted", 2, by_partition=True), constant=False) > shared


def test_jobs_pass_stations_in_their_order() -> None:
    first, second = Station("first", 1), Station("second", 2)
    visits = [Visit(first, 1.0), Visit(second, 2.0)]
    assert simulate([Job(0.0, visits), Job(0.0, visits)]) == [3.0, 4.0]
    assert (first.waits, second.waits) == ([0.0, 1.0], [0.0, 0.0])


def test_a_stage_has_as_many_processes_as_its_partitions_allow() -> None:
    day = Day("items", 1e8, 1e6)
    assert servers_for(day, "ingest") == 3
    assert servers_for(Day("items", 1e10, 1e8), "ingest") == day.partitions
    stations, times, seconds = run_day(day, 200)
    busy = {station.name: station.used(seconds) for station in stations}
    assert len(times) == 200
    assert max(busy, key=lambda name: busy[name]) == "scheduler"


def test_the_measured_case_comes_out_within_a_tenth() -> None:
    for processes, measured in slots.MEASURED.items():
        simulated = mean(slots.calls_a_second(processes, seed) for seed in range(3))
        assert simulated == pytest.approx(measured, rel=0.12)
