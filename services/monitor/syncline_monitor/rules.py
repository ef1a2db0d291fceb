"""What snapshots mean: the newest of a process wins, and rates are differences over time.

Nothing is ever added up over messages, so copies, late ones and lost ones change nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.contracts.snapshots import Snapshot
from syncline.contracts.topics import INPUT_OF
from syncline.contracts.wire import Partition
from syncline.domain.service_status import Rates, ServiceStatus, Worker, judge_service, judge_stage

ALIVE_FOR = 5.0
"""Seconds after its last snapshot for which a process counts as alive."""
KEPT_FOR = 600.0
"""Seconds for which a silent process is remembered, so that late copies are known as such."""
HISTORY = 70.0
"""Seconds of samples that are kept of a process."""
LATE = 0.5
"""Seconds that a snapshot may be late and still count as one of its window's ends."""
RUNS = ("trigger", "ingest")
"""Stages whose messages are runs; those of the others bring records."""


class Known(msgspec.Struct, frozen=True):
    """The newest snapshot of a process; `heard` is the broker's time of its arrival, in seconds."""

    snapshot: Snapshot
    heard: float


class Sample(msgspec.Struct, frozen=True):
    """A process' counts at one moment."""

    at: float
    records_in: int = 0
    records_out: int = 0
    failed: int = 0
    retried: int = 0
    busy: float = 0.0


class StageLag(msgspec.Struct, frozen=True):
    """What waits for a stage; `oldest` is the age of the oldest message in seconds, at least."""

    messages: int
    members: int
    oldest: float | None


read_snapshot = msgspec.json.Decoder(Snapshot).decode
read_known = msgspec.json.Decoder(Known).decode


def newer(known: Known | None, snapshot: Snapshot, heard: float) -> Known | None:
    """Return what is to be kept of a process from now on; None: the snapshot says nothing new."""
    if known is not None and snapshot.seq <= known.snapshot.seq:
        return None
    return Known(snapshot, heard)


class Board:
    """All processes that are known, with what they did in the last minute."""

    def __init__(self, known: Iterable[Known] = ()) -> None:
        self._known: dict[str, Known] = {}
        self._samples: dict[str, deque[Sample]] = {}
        self.now = 0.0
        for each in known:
            self.note(each)

    def note(self, known: Known) -> None:
        """Take over what is now known of a process."""
        snapshot = known.snapshot
        self._known[snapshot.process] = known
        self.now = max(self.now, known.heard)
        samples = self._samples.setdefault(snapshot.process, deque())
        if not samples and snapshot.uptime < HISTORY:
            samples.append(Sample(known.heard - max(snapshot.uptime, 0.001)))
        samples.append(_sample(known))
        while samples[0].at < known.heard - HISTORY:
            samples.popleft()

    def forget(self) -> list[str]:
        """Forget processes that were silent for long, and name them."""
        gone = [p for p, known in self._known.items() if self.now - known.heard > KEPT_FOR]
        for process in gone:
            del self._known[process], self._samples[process]
        return gone

    def health(
        self, services: Sequence[str], lags: Mapping[str, StageLag], now: float
    ) -> list[ServiceStatus]:
        """Judge every service.

        Args:
            now: by the broker's clock.
        """
        return [self._service(service, lags.get(service), now) for service in services]

    def _service(self, service: str, lag: StageLag | None, now: float) -> ServiceStatus:
        known = [k for k in self._known.values() if k.snapshot.stage == service]
        alive = sorted((k.snapshot for k in known if _alive(k, now)), key=lambda s: s.started_at)
        seen = ServiceStatus(
            service,
            *judge_service(len(alive)),
            workers=[Worker(s.process, s.host, s.pid, s.started_at) for s in alive],
            incoming=self._rates(known, "records_in", now),
            outgoing=self._rates(known, "records_out", now),
            failed=self._rates(known, "failed", now),
            retried=self._rates(known, "retried", now),
            busy=self._rates(known, "busy", now).ten_seconds,
        )
        if lag is None:
            return seen
        unit = "runs" if service in RUNS else "records"
        waiting = round(lag.messages * (1 if unit == "runs" else self._size(service, known)))
        dot, why = judge_stage(waiting, unit, len(alive), lag.members)
        return msgspec.structs.replace(
            seen,
            dot=dot,
            why=why,
            unit=unit,
            waiting=waiting,
            waiting_messages=lag.messages,
            oldest_seconds=lag.oldest,
            members=lag.members,
        )

    def _size(self, service: str, known: Sequence[Known]) -> float:
        """Return how many records a message brings to a stage; as to its like, if it had none."""
        own = _records_a_message(known)
        if own is None and service in INPUT_OF:
            alike = [k for k in self._known.values() if k.snapshot.stage in INPUT_OF]
            own = _records_a_message(alike)
        return 1.0 if own is None else own

    def _rates(self, known: Iterable[Known], name: str, now: float) -> Rates:
        changes = [(self._samples[k.snapshot.process], _alive(k, now)) for k in known]
        second, ten, minute = (
            round(sum(_rate(s, name, window, None if ok else now) for s, ok in changes), 2)
            for window in (1.0, 10.0, 60.0)
        )
        return Rates(second, ten, minute)


def _sample(known: Known) -> Sample:
    s = known.snapshot
    return Sample(known.heard, s.records_in, s.records_out, s.failed, s.retried, s.busy)


def _alive(known: Known, now: float) -> bool:
    return not known.snapshot.leaving and now - known.heard <= ALIVE_FOR


def _rate(samples: Sequence[Sample], name: str, window: float, silent_at: float | None) -> float:
    """Return a count's growth a second.

    The window of a process that is alive ends with its newest sample, that of a silent one now.
    """
    newest = samples[-1]
    end = newest.at if silent_at is None else silent_at
    base = samples[0]
    for sample in reversed(samples):
        if sample.at <= end - window + LATE and (sample is not newest or silent_at is not None):
            base = sample
            break
    seconds = end - base.at
    grown: float = getattr(newest, name) - getattr(base, name)
    return grown / seconds if seconds > 0 else 0.0


def _records_a_message(known: Sequence[Known]) -> float | None:
    messages = sum(k.snapshot.messages for k in known)
    records = sum(k.snapshot.records_in for k in known)
    return max(records / messages, 1.0) if messages else None


KEPT_MARKS = 900
"""Ends that are remembered of a partition; what waits for longer counts as old as the first."""


class Ages:
    """Knows since when messages wait, from watching where the topics end."""

    def __init__(self) -> None:
        self._ends: dict[Partition, deque[tuple[int, float]]] = {}

    def oldest(
        self, done: Mapping[Partition, int], ends: Mapping[Partition, int], now: float
    ) -> float | None:
        """Note the ends and return the age of the oldest message that is not done, at least.

        Args:
            done: next offset by partition.
            ends: offset behind the newest message.
            now: in seconds; only differences matter.
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
