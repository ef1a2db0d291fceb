"""How far a stage has got with the runs that it works on, told to Finalize for people to see."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.contracts.bundle import Bundle
from syncline.contracts.messages import Advance
from syncline.contracts.outbound import report_message
from syncline.contracts.run_ref import RunRef
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.runtime.clock import Clock
from syncline.runtime.ports import Producer
from syncline.telemetry.tracing import header_of

EVERY = 0.5
"""Seconds between two reports: at most one of each run in that time, however fast it goes."""


class StageReach:
    """The last batch of each lane of each run that the stage has come to in this process.

    It is in memory alone: what a crash takes of it, the next batch of the lane makes up for.
    """

    def __init__(self, stage: Stage, producer: Producer, clock: Clock) -> None:
        self._stage = stage
        self._producer = producer
        self._clock = clock
        self._news: dict[str, tuple[RunRef, dict[int, int]]] = {}
        self._spans: dict[str, tuple[str, bytes]] = {}  # of the newest handler call of each run

    def note(self, bundles: Sequence[Bundle]) -> None:
        """Note bundles. Retries tell nothing, and a replay's batches begin in any stage."""
        for bundle in bundles:
            if bundle.attempt == 1 and not bundle.run.replay:
                _, lanes = self._news.setdefault(bundle.run.id, (bundle.run, {}))
                number = bundle.batches[-1].number
                lanes[bundle.lane] = max(lanes.get(bundle.lane, number), number)
                self._spans[bundle.run.id] = header_of(bundle.run.id.encode())

    async def publish(self) -> None:
        """Side task: tell what is new. Raises RetriableError: then it is told the next time."""
        while True:
            await self._clock.sleep(EVERY)
            told = [(run, dict(lanes)) for run, lanes in self._news.values()]
            if told:
                stage = self._stage.value
                reports = [Advance(run, stage, sorted(lanes.items())) for run, lanes in told]
                await self._producer.send([self._message(report) for report in reports])
            for run, lanes in told:
                if self._news[run.id][1] == lanes:
                    del self._news[run.id], self._spans[run.id]

    def _message(self, report: Advance) -> Outbound:
        """Make a report that belongs to the span of what it tells of: here no handler call is."""
        message = report_message(report)
        header = self._spans[report.run.id]
        return msgspec.structs.replace(message, headers=(*message.headers, header))
