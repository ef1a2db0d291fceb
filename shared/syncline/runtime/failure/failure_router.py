"""What a stage does with records that failed: to a retry topic, or to the DLQ. Never inline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import msgspec

from syncline.contracts.batch import LARGEST_RETRY, Batch, fitting
from syncline.contracts.dead_letters import (
    FailedRecord,
    RecordPlace,
    dead_letter,
    dead_letter_message,
)
from syncline.contracts.messages import Attempt, Retrying, Waiting, encode
from syncline.contracts.outbound import report_message, retry_message
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError
from syncline.domain.mapping.refusal import printable
from syncline.domain.retry import GiveUp, RetryPolicy, dispose
from syncline.telemetry.masking import SECRETS
from syncline.telemetry.metrics import METRICS

R = TypeVar("R")


class _Wait(msgspec.Struct):
    """Records of a batch that wait on one retry topic; `delay` is seconds."""

    topic: str
    counted: bool
    delay: float = 0.0
    places: list[int] = []


class FailureRouter:
    """Turns the failures of one stage into messages."""

    def __init__(self, stage: Stage, random: Random) -> None:
        self._stage = stage
        self._random = random

    def route(
        self,
        batch: Batch[R],
        failures: Mapping[int, Failure],
        policy: RetryPolicy,
        now: datetime,
    ) -> list[Outbound]:
        """Decide about every failed record of a batch.

        Args:
            batch: the stage's input.
            failures: index into the batch's lists -> why.
            policy: of the profile whose system failed.
            now: aware time of the failure.

        Returns:
            Dead letters, retries, and the announcements of retries to Finalize.
        """
        waits: dict[tuple[str, bool], _Wait] = {}
        given_up: dict[int, Failure] = {}
        for place, failure in failures.items():
            decision = dispose(failure, batch.attempt, policy, self._random.uniform(-1, 1))
            if isinstance(decision, GiveUp):
                given_up[place] = failure
                continue
            key = retry_topic(decision.delay), decision.counted
            wait = waits.setdefault(key, _Wait(*key))
            wait.places.append(place)
            wait.delay = max(wait.delay, decision.delay)
        messages = [self._dead_letter(batch, p, failure, now) for p, failure in given_up.items()]
        for wait in waits.values():
            send = self._retry if wait.counted else self._set_aside
            messages += send(batch, wait, failures, now)
        self._count(given_up.values(), len(failures) - len(given_up))
        return messages

    def give_up(self, batch: Batch[R], error: Exception, now: datetime) -> list[Outbound]:
        """Make dead letters of a whole batch: its configuration is gone, or it breaks the stage."""
        if isinstance(error, NotFoundError | InvalidInputError):
            failure = Failure(Category.PERMANENT, "configuration_unusable", str(error))
        else:
            failure = failure_of_bug("the batch of this record broke the stage", error)
        return [self._dead_letter(batch, place, failure, now) for place in range(len(batch))]

    def _dead_letter(
        self, batch: Batch[R], place: int, failure: Failure, now: datetime
    ) -> Outbound:
        earlier = batch.history[place] if batch.history else []
        letter = dead_letter(
            batch.run,
            RecordPlace(batch.number, batch.slots[place], batch.ids[place]),
            self._stage,
            [*earlier, self._attempt(batch, failure, now)],
            FailedRecord(
                encode(batch.records[place]),
                batch.row_hashes[place] if batch.row_hashes else None,
                batch.version,
            ),
        )
        return dead_letter_message(letter, now)

    def _attempt(self, batch: Batch[R], failure: Failure, now: datetime) -> Attempt:
        return Attempt(batch.attempt, now.isoformat(), self._stage.value, storable(failure))

    def _set_aside(
        self, batch: Batch[R], wait: _Wait, failures: Mapping[int, Failure], now: datetime
    ) -> list[Outbound]:
        """Let records wait for a system that asked for it; to them nothing has happened."""
        due = now + timedelta(seconds=wait.delay)
        reason = storable(failures[wait.places[0]]).message
        report = Waiting(batch.run, len(wait.places), _milliseconds(due), reason)
        part = batch.part(wait.places)
        return [retry_message(part, self._stage, wait.topic, due), report_message(report)]

    def _retry(
        self, batch: Batch[R], wait: _Wait, failures: Mapping[int, Failure], now: datetime
    ) -> list[Outbound]:
        """Let records wait for their next attempt."""
        due = now + timedelta(seconds=wait.delay)
        again = batch.part(wait.places)
        again.attempt = batch.attempt + 1
        again.history = [
            [*(batch.history[p] if batch.history else []), self._attempt(batch, failures[p], now)]
            for p in wait.places
        ]

        def message_of(part: Batch[R]) -> Outbound:
            return retry_message(part, self._stage, wait.topic, due)

        messages = []
        for part, message in fitting(again, message_of, LARGEST_RETRY):
            attempts = [history[-1] for history in part.history]
            report = Retrying(
                part.run, part.number, part.slots, part.ids, attempts, _milliseconds(due)
            )
            messages += [message, report_message(report)]
        return messages

    def _count(self, given_up: Iterable[Failure], retried: int) -> None:
        METRICS.retries.labels(self._stage.value).inc(retried)
        for category, count in Counter(failure.category for failure in given_up).items():
            METRICS.dead_letters.labels(self._stage.value, category).inc(count)


def failure_of_bug(message: str, error: Exception, *, ambiguous: bool = False) -> Failure:
    """Say that code broke on something: `message` is what, in a person's words.

    Args:
        ambiguous: something may have been written.
    """
    words = printable(f"{type(error).__name__}: {error}")[:2000]
    return Failure(Category.UNKNOWN, "unexpected_error", message, words, ambiguous=ambiguous)


def storable(failure: Failure) -> Failure:
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


def _milliseconds(time: datetime) -> int:
    """Return a time in milliseconds since 1970."""
    return int(time.timestamp() * 1000)
