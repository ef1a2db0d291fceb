"""The lines of the log that tell what a stage did for a run: when it began, waits, and was done.

A run may have a million records and as many failures. So nothing is logged by record: of an event
that comes often the first few of a run and stage are logged at once, the others as a count at
intervals and at the end. A stage does not know when a run ends: it is done with it when nothing of
it has come for a while, and begins again where more comes.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import msgspec
import structlog

from syncline.contracts.bundle import Bundle

AT_ONCE = 5
"""Lines of one event of a run and stage that are logged at once."""
EVERY = 30.0
"""Seconds between two counts of the others, and after which a call counts as a wait."""
QUIET = 10.0
"""Seconds without a message after which a stage is done with a run."""
MOST_RUNS = 1000
"""Runs that are remembered at once; of more the longest quiet one counts as done."""
MOST_CODES = 5
"""Codes of failures that a count names."""
LOOK_EVERY = 2.0
"""Seconds."""
log = structlog.get_logger()


class NamedRun(Protocol):
    """What names a run in a line: RunRef, Run."""

    @property
    def id(self) -> str: ...
    @property
    def tenant(self) -> str: ...
    @property
    def instance_name(self) -> str: ...
    @property
    def entity_type(self) -> str: ...


def facts_of(run: NamedRun) -> dict[str, str]:
    """Return what every line about a run says: correlation ID, tenant, instance, entity type."""
    return {
        "correlation_id": run.id,
        "tenant": run.tenant,
        "instance": run.instance_name,
        "entity_type": run.entity_type,
    }


class _Event(msgspec.Struct):
    """An event of a run and stage: how often it was logged, and what is not logged yet."""

    since: float
    lines: int = 0
    total: int = 0
    folded: int = 0
    codes: Counter[str] = msgspec.field(default_factory=Counter)


class _Story(msgspec.Struct):
    """What a stage has done for a run in this process; `newest` is when it last did something."""

    facts: Mapping[str, str]
    begun: float
    newest: float
    works: bool = False
    in_hand: int = 0
    waits_since: float | None = None
    messages: int = 0
    records: int = 0
    events: dict[str, _Event] = {}


class RunLog:
    """Logs by run and stage; `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._stories: OrderedDict[tuple[str, str], _Story] = OrderedDict()

    @contextmanager
    def work(self, stage: str, bundles: Sequence[Bundle]) -> Iterator[None]:
        """Count bundles while their stage works on them; log the first of a run."""
        stories = [self._story(stage, bundle.run) for bundle in bundles]
        for story in stories:
            story.in_hand += 1
            if not story.works:
                story.works = True
                log.info("stage_begins_run", stage=stage, **story.facts)
        try:
            yield
        finally:
            now = self._monotonic()
            for story, bundle in zip(stories, bundles, strict=True):
                story.in_hand -= 1
                story.messages += 1
                story.records += len(bundle)
                story.newest = now
                if (since := story.waits_since) is not None:
                    story.waits_since = None
                    seconds = round(now - since)
                    log.info("stage_goes_on_in_run", stage=stage, seconds=seconds, **story.facts)

    def note(
        self, event: str, stage: str, run: NamedRun, codes: Mapping[str, int], **said: object
    ) -> None:
        """Log an event of a run, or only count it where a few were logged.

        Args:
            codes: why, by code, with the number of records.
            said: what the line says beside it.
        """
        now, records = self._monotonic(), sum(codes.values())
        story = self._story(stage, run)
        known = story.events.setdefault(event, _Event(now))
        known.total += records
        if known.lines < AT_ONCE:
            known.lines += 1
            known.since = now
            facts = story.facts
            log.info(event, stage=stage, records=records, codes=_most(codes), **said, **facts)
        else:
            known.folded += records
            known.codes.update(codes)

    def count(self, event: str, stage: str, run: NamedRun, records: int) -> None:
        """Count records for the line at the end alone: another process logs them."""
        story = self._story(stage, run)
        story.events.setdefault(event, _Event(self._monotonic())).total += records

    async def watch(self) -> None:
        """Side task: log counts that are due, runs that wait, and those that a stage is done with.

        Returns never.
        """
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.look()

    def look(self) -> None:
        """Log what is due now."""
        now = self._monotonic()
        for (stage, run_id), story in list(self._stories.items()):
            for name, event in story.events.items():
                if event.folded and now - event.since >= EVERY:
                    self._tell_folded(stage, story, name, event)
            if not story.in_hand and now - story.newest >= QUIET:
                self._end(stage, run_id)
            elif story.waits_since is None and now - story.newest >= EVERY:
                story.waits_since = story.newest
                seconds = round(now - story.newest)
                log.info("stage_waits_in_run", stage=stage, seconds=seconds, **story.facts)

    def close(self) -> None:
        """Log the end of all runs: the process ends."""
        for stage, run_id in list(self._stories):
            self._end(stage, run_id)

    def _story(self, stage: str, run: NamedRun) -> _Story:
        key, now = (stage, run.id), self._monotonic()
        story = self._stories.get(key)
        if story is None:
            if len(self._stories) >= MOST_RUNS:
                self._end(*next(iter(self._stories)))
            story = self._stories[key] = _Story(facts_of(run), now, now)
        story.newest = now
        self._stories.move_to_end(key)
        return story

    def _end(self, stage: str, run_id: str) -> None:
        story = self._stories.pop((stage, run_id))
        for name, event in story.events.items():
            if event.folded:
                self._tell_folded(stage, story, name, event)
        if story.works:
            log.info(
                "stage_done_with_run",
                stage=stage,
                messages=story.messages,
                records=story.records,
                seconds=round(story.newest - story.begun, 3),
                **{name: event.total for name, event in story.events.items()},
                **story.facts,
            )

    def _tell_folded(self, stage: str, story: _Story, name: str, event: _Event) -> None:
        count = {"records": event.folded, "total": event.total}
        log.info(name, stage=stage, folded=True, **count, codes=_most(event.codes), **story.facts)
        event.since, event.folded, event.codes = self._monotonic(), 0, Counter()


def _most(codes: Mapping[str, int]) -> dict[str, int]:
    """Return the most frequent codes of failures."""
    return dict(Counter(codes).most_common(MOST_CODES))


RUN_LOG = RunLog()
"""Of this process."""
