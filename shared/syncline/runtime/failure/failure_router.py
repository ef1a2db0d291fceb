"""What a stage does with records that failed: to a retry topic, or to the DLQ. Never inline."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

import msgspec

from syncline.contracts.letters import Given, Place, dead_letter, letter_message
from syncline.contracts.messages import Attempt, Batch, Retrying, Timing, Waiting, encode
from syncline.contracts.sending import report_message, retry_message
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Outbound, size_of
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError
from syncline.domain.mapping.refusal import printable
from syncline.domain.retry import GiveUp, RetryPolicy, dispose
from syncline.telemetry.masking import SECRETS
from syncline.telemetry.metrics import METRICS

R = TypeVar("R")
LARGE = 1_500_000
"""Bytes of a retry above which it is parted."""


class FailureRouter:
    """Turns the failures of one stage into messages."""

    def __init__(self, stage: Stage, random: Random) -> None:
        self._stage = stage
        self._random = random

    def route(
        self,
        batch: Batch[Any],
        failures: Mapping[int, Failure],
        policy: RetryPolicy,
        now: datetime,
        timings: Sequence[Timing] = (),
    ) -> list[Outbound]:
        """Decide about every failed record of a batch.

        Args:
            batch: the stage's input.
            failures: index into the batch's lists -> why.
            policy: of the profile whose system failed.
            now: aware time of the failure.
            timings: of the batch, where no report carries them: the first retry does.

        Returns:
            Retries, their announcements to Finalize, and dead letters.
        """
        waiting: dict[tuple[str, bool], list[int]] = defaultdict(list)
        delays: dict[tuple[str, bool], float] = {}
        messages = []
        given_up = Counter[str]()
        for place, failure in failures.items():
            jitter = self._random.uniform(-1, 1)
            decision = dispose(failure, batch.attempt, policy, jitter)
            if isinstance(decision, GiveUp):
                messages.append(self._letter(batch, place, failure, now))
                given_up[failure.category] += 1
                continue
            way = retry_topic(decision.delay), decision.counted
            waiting[way].append(place)
            delays[way] = max(delays.get(way, 0.0), decision.delay)
        timed = msgspec.structs.replace(batch, timings=list(timings))
        for (topic, counted), places in waiting.items():
            due = now + timedelta(seconds=delays[topic, counted])
            if counted:
                messages += self._retry(timed, places, failures, topic, now, due)
            else:
                messages += self._set_aside(timed, places, failures, topic, due)
        self._count(given_up, len(failures) - given_up.total())
        return messages

    def _count(self, given_up: Counter[str], retried: int) -> None:
        METRICS.retries.labels(self._stage.value).inc(retried)
        for category, count in given_up.items():
            METRICS.dead_letters.labels(self._stage.value, category).inc(count)

    def give_up(self, batch: Batch[Any], error: Exception, now: datetime) -> list[Outbound]:
        """Make dead letters of a whole batch: its configuration is gone, or it breaks the stage."""
        failure = _failure_of(error)
        return [self._letter(batch, place, failure, now) for place in range(len(batch.ids))]

    def _attempt(self, batch: Batch[Any], failure: Failure, now: datetime) -> Attempt:
        return Attempt(batch.attempt, now.isoformat(), self._stage.value, tidied(failure))

    def _letter(self, batch: Batch[Any], place: int, failure: Failure, now: datetime) -> Outbound:
        earlier = batch.history[place] if batch.history else []
        letter = dead_letter(
            batch.run,
            Place(batch.number, batch.slots[place], batch.ids[place]),
            self._stage,
            [*earlier, self._attempt(batch, failure, now)],
            Given(
                encode(batch.records[place]),
                batch.row_hashes[place] if batch.row_hashes else None,
                batch.version,
            ),
        )
        return letter_message(letter, now)

    def _set_aside(
        self,
        batch: Batch[Any],
        places: list[int],
        failures: Mapping[int, Failure],
        topic: str,
        due: datetime,
    ) -> list[Outbound]:
        """Let records wait for a system that asked for it; to them nothing has happened."""
        again = part_of(batch, places)
        again.timings, batch.timings = batch.timings, []
        reason = tidied(failures[places[0]]).message
        report = Waiting(batch.run, len(places), int(due.timestamp() * 1000), reason)
        return [retry_message(again, self._stage, topic, due), report_message(report)]

    def _retry(
        self,
        batch: Batch[Any],
        places: list[int],
        failures: Mapping[int, Failure],
        topic: str,
        now: datetime,
        due: datetime,
    ) -> list[Outbound]:
        attempts = [self._attempt(batch, failures[place], now) for place in places]
        earlier = batch.history or [[] for _ in batch.ids]
        again = part_of(batch, places)
        again.timings = batch.timings
        again.attempt = batch.attempt + 1
        again.history = [[*earlier[p], a] for p, a in zip(places, attempts, strict=True)]
        message = retry_message(again, self._stage, topic, due)
        if size_of(message) > LARGE and len(places) > 1:  # attempts weigh, and add up
            middle = len(places) // 2
            first = self._retry(batch, places[:middle], failures, topic, now, due)
            return first + self._retry(batch, places[middle:], failures, topic, now, due)
        batch.timings = []  # one retry carries them
        due_at = int(due.timestamp() * 1000)
        report = Retrying(batch.run, batch.number, again.slots, again.ids, attempts, due_at)
        return [message, report_message(report)]


def _failure_of(error: Exception) -> Failure:
    if isinstance(error, NotFoundError | InvalidInputError):
        return Failure(Category.PERMANENT, "configuration_unusable", str(error))
    return bug("the batch of this record broke the stage", error)


def bug(message: str, error: Exception, *, ambiguous: bool = False) -> Failure:
    """Say that code broke on something: `message` is what, in a person's words.

    Args:
        ambiguous: something may have been written.
    """
    words = printable(f"{type(error).__name__}: {error}")[:2000]
    return Failure(Category.UNKNOWN, "unexpected_error", message, words, ambiguous=ambiguous)


def tidied(failure: Failure) -> Failure:
    """Return a failure whose words every store and message takes, without secrets."""
    detail, field = failure.detail, failure.field
    mask = SECRETS.mask  # before cutting: half a secret would not be found
    return msgspec.structs.replace(
        failure,
        code=printable(failure.code[:100]),
        message=printable(mask(failure.message)[:1000]),
        detail=None if detail is None else printable(mask(detail)[:2000]),
        field=None if field is None else printable(mask(field)[:200]),
    )


def part_of(batch: Batch[R], places: list[int]) -> Batch[R]:
    """Return a batch of just these records, with everything else as it was."""
    return Batch(
        run=batch.run,
        number=batch.number,
        lane=batch.lane,
        slots=[batch.slots[p] for p in places],
        ids=[batch.ids[p] for p in places],
        records=[batch.records[p] for p in places],
        row_hashes=[batch.row_hashes[p] for p in places] if batch.row_hashes else [],
        attempt=batch.attempt,
        history=[batch.history[p] for p in places] if batch.history else [],
        version=batch.version,
    )
