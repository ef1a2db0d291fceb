"""What snapshots mean: the newest of a process counts, and rates are differences over time.

Nothing is added up over messages, so duplicate, late and lost ones change nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.contracts.snapshots import Snapshot
from syncline.contracts.topics import INPUT_OF
from syncline.contracts.wire import Partition
from syncline.domain.service_status import (
    Dot,
    Rates,
    ServiceStatus,
    Worker,
    judge_service,
    judge_stage,
    told_skew,
)

ALIVE_FOR = 5.0
"""Seconds after its last snapshot for which a process counts as alive."""
KEPT_FOR = 600.0
"""Seconds for which a silent process is kept, so that its late snapshots are recognised."""
HISTORY = 70.0
"""Seconds of samples that are kept for a process."""
LATE = 0.5
"""Seconds by which a snapshot may be late and still count as an end of its window."""
RUNS = ("trigger", "ingest")
"""Stages whose messages are runs; the messages of others carry records."""
NOT_IN_FLIGHT = (*RUNS, "deadletter")
"""Stages for which no records in flight wait: a dead letter is of one that has its outcome."""


class Process(msgspec.Struct, frozen=True):
    """The newest snapshot of a process; `heard` is the broker's time of it, in seconds."""

    snapshot: Snapshot
    heard: float

    def is_alive(self, now: float) -> bool:
        return not self.snapshot.leaving and now - self.heard <= ALIVE_FOR


class StageLag(msgspec.Struct, frozen=True):
    """What waits for a stage.

    Attributes:
        oldest: least age of the oldest message in seconds.
        gone: messages that retention deleted while no process of the stage read them.
    """

    messages: int
    members: int
    oldest: float | None
    gone: int = 0


read_snapshot = msgspec.json.Decoder(Snapshot).decode
read_process = msgspec.json.Decoder(Process).decode


class Processes:
    """All known processes; `now` is the broker's time of the newest snapshot, in seconds."""

    def __init__(self, stored: Iterable[Process] = ()) -> None:
        self._processes: dict[str, Process] = {}
        self._samples: dict[str, deque[Process]] = {}
        self.now = 0.0
        for process in stored:
            self.apply(process.snapshot, process.heard)

    def apply(self, snapshot: Snapshot, arrived: float) -> Process | None:
        """Apply a snapshot; return the process, or None if the snapshot is not newer."""
        name = snapshot.process
        before = self._processes.get(name)
        if before is not None and snapshot.seq <= before.snapshot.seq:
            return None
        process = self._processes[name] = Process(snapshot, arrived)
        self.now = max(self.now, arrived)
        samples = self._samples.setdefault(name, deque())
        if not samples and snapshot.uptime < HISTORY:
            samples.append(Process(_begun(snapshot), arrived - max(snapshot.uptime, 0.001)))
        samples.append(process)
        while samples[0].heard < arrived - HISTORY:
            samples.popleft()
        return process

    def forget(self) -> list[str]:
        """Remove processes that were silent for long, and return their IDs."""
        gone = [n for n, p in self._processes.items() if self.now - p.heard > KEPT_FOR]
        for name in gone:
            del self._processes[name], self._samples[name]
        return gone

    def status(
        self, services: Sequence[str], lags: Mapping[str, StageLag], now: float, in_flight: int
    ) -> list[ServiceStatus]:
        """Return the status of every service at a time of the broker's clock.

        Args:
            in_flight: records of active runs without an outcome. Each waits in one stage, so the
                stages' estimates are reduced to it.
        """
        waiting = self._waiting(lags, in_flight)
        return [
            self._service(service, lags.get(service), waiting.get(service, 0), now)
            for service in services
        ]

    def _waiting(self, lags: Mapping[str, StageLag], in_flight: int) -> dict[str, int]:
        """Return how many runs or records wait for each stage."""
        own = {
            stage: [p for p in self._processes.values() if p.snapshot.stage == stage]
            for stage in lags
        }
        found = {
            stage: lag.messages * (1.0 if stage in RUNS else self._size(stage, own[stage]))
            for stage, lag in lags.items()
        }
        total = sum(records for stage, records in found.items() if stage not in NOT_IN_FLIGHT)
        share = min(1.0, in_flight / total) if total else 1.0
        least = min(in_flight, 1)  # a stage for which messages wait shows that
        return {
            stage: round(count)
            if stage in NOT_IN_FLIGHT or not count
            else max(round(count * share), least)
            for stage, count in found.items()
        }

    def _service(
        self, service: str, lag: StageLag | None, waiting: int, now: float
    ) -> ServiceStatus:
        own = [p for p in self._processes.values() if p.snapshot.stage == service]
        alive = sorted((p.snapshot for p in own if p.is_alive(now)), key=lambda s: s.started_at)
        status = ServiceStatus(
            service,
            *judge_service(len(alive)),
            workers=[Worker(s.process, s.host, s.pid, s.started_at) for s in alive],
            incoming=self._rates(own, "records_in", now),
            outgoing=self._rates(own, "records_out", now),
            failed=self._rates(own, "failed", now),
            retried=self._rates(own, "retried", now),
            busy=self._rates(own, "busy", now).ten_seconds,
        )
        if lag is None:
            return _with_skew(status, alive)
        unit = "runs" if service in RUNS else "records"
        gone = max(lag.gone, sum(snapshot.gone_unread for snapshot in alive))
        dot, why = judge_stage(waiting, unit, len(alive), lag.members, gone)
        status = msgspec.structs.replace(
            status,
            dot=dot,
            why=why,
            unit=unit,
            waiting=waiting,
            waiting_messages=lag.messages,
            oldest_seconds=lag.oldest,
            members=lag.members,
        )
        return _with_skew(status, alive)

    def _size(self, service: str, own: Sequence[Process]) -> float:
        """Return how many records a stage's message carries; if it had none, as in similar ones."""
        size = _records_a_message(own)
        if size is None and service in INPUT_OF:
            alike = [p for p in self._processes.values() if p.snapshot.stage in INPUT_OF]
            size = _records_a_message(alike)
        return 1.0 if size is None else size

    def _rates(self, own: Iterable[Process], name: str, now: float) -> Rates:
        changes = [(self._samples[p.snapshot.process], p.is_alive(now)) for p in own]
        second, ten, minute = (
            round(sum(_rate(s, name, window, None if ok else now) for s, ok in changes), 2)
            for window in (1.0, 10.0, 60.0)
        )
        return Rates(second, ten, minute)


def _with_skew(status: ServiceStatus, alive: Iterable[Snapshot]) -> ServiceStatus:
    """Name a process whose machine has a wrong clock."""
    wrong = next((each for each in alive if each.skew), None)
    if wrong is None:
        return status
    why = f"{status.why}; {wrong.host}: {told_skew(wrong.skew)}"
    dot = Dot.AMBER if status.dot is Dot.GREEN else status.dot
    return msgspec.structs.replace(status, dot=dot, why=why)


def _begun(s: Snapshot) -> Snapshot:
    """Return a process at its start, with all counts zero."""
    return Snapshot(s.stage, s.process, 0, s.host, s.pid, s.started_at, 0.0)


def _rate(samples: Sequence[Process], name: str, window: float, silent_at: float | None) -> float:
    """Return a count's growth per second, up to the newest live sample, or now if it is silent."""
    newest = samples[-1]
    end = newest.heard if silent_at is None else silent_at
    base = samples[0]
    for sample in reversed(samples):
        if sample.heard <= end - window + LATE and (sample is not newest or silent_at is not None):
            base = sample
            break
    seconds = end - base.heard
    grown: float = getattr(newest.snapshot, name) - getattr(base.snapshot, name)
    return grown / seconds if seconds > 0 else 0.0


def _records_a_message(processes: Sequence[Process]) -> float | None:
    messages = sum(p.snapshot.messages for p in processes)
    records = sum(p.snapshot.records_in for p in processes)
    return max(records / messages, 1.0) if messages else None


KEPT_MARKS = 900
"""End offsets that are kept for a partition; older messages count as old as the first one."""


class Ages:
    """Knows since when messages wait, from the end offsets that it has seen."""

    def __init__(self) -> None:
        self._ends: dict[Partition, deque[tuple[int, float]]] = {}

    def oldest(
        self, done: Mapping[Partition, int], ends: Mapping[Partition, int], now: float
    ) -> float | None:
        """Note the ends of the partitions; return the least age of the oldest message not done.

        `done` is the next offset, `ends` the offset after the newest message; `now` is in seconds.
        """
        since = []
        for partition, end in ends.items():
            marks = self._ends.setdefault(partition, deque(maxlen=KEPT_MARKS))
            if not marks or marks[-1][0] < end:
                marks.append((end, now))
            while len(marks) > 1 and marks[0][0] <= done[partition]:
                marks.popleft()
            if done[partition] < end:
                since.append(marks[0][1])
        return round(now - min(since), 1) if since else None
