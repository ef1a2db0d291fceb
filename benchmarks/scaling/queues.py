"""Stations with servers, jobs that visit them one after the other, and how long each waits there.

A discrete simulation: events come in the order of time and a station serves in the order in which
jobs come, so that at a job's arrival it is known when its service begins.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Station:
    """Servers of one kind.

    Args:
        servers: how many jobs are served at once.
        by_partition: each server has partitions of its own, as processes of a stage do; else the
            next free one takes a job, as cores and call slots do.

    Attributes:
        waits: seconds until the service of each visit began, in the order of arrival.
    """

    def __init__(self, name: str, servers: int, *, by_partition: bool = False) -> None:
        self.name = name
        self.servers = servers
        self.waits: list[float] = []
        self._by_partition = by_partition
        self._free = [0.0] * servers
        self._busy = 0.0

    def serve(self, now: float, seconds: float, partition: int = 0) -> float:
        """Take a job; return when its service will have ended."""
        at = partition % self.servers if self._by_partition else 0
        begun = max(now, self._free[at])
        if self._by_partition:
            self._free[at] = begun + seconds
        else:
            heapq.heapreplace(self._free, begun + seconds)
        self.waits.append(begun - now)
        self._busy += seconds
        return begun + seconds

    def used(self, seconds: float) -> float:
        """Return which share of its servers' time of so many seconds was used."""
        return self._busy / seconds / self.servers


class Visit(NamedTuple):
    """A job at a station: the seconds of its service, and whose partition it is in."""

    station: Station
    seconds: float
    partition: int = 0


class Job(NamedTuple):
    """What passes stations one after the other."""

    arrival: float
    visits: Sequence[Visit]


def simulate(jobs: Iterable[Job]) -> list[float]:
    """Let jobs pass; return the seconds from the arrival to the end of each, as they end."""
    events = [(job.arrival, number, 0, job) for number, job in enumerate(jobs)]
    heapq.heapify(events)
    times = []
    while events:
        now, number, place, job = heapq.heappop(events)
        if place == len(job.visits):
            times.append(now - job.arrival)
        else:
            station, seconds, partition = job.visits[place]
            end = station.serve(now, seconds, partition)
            heapq.heappush(events, (end, number, place + 1, job))
    return times
