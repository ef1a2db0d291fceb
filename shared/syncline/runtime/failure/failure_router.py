"""Sends failed records to a retry topic or to the DLQ. A stage never retries a record itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random

import msgspec

from syncline.contracts.bundle import LARGEST_RETRY, Bundle, encoded_records, fitting
from syncline.contracts.dead_letters import (
    FailedRecord,
    RecordPlace,
    dead_letter,
    dead_letter_message,
)
from syncline.contracts.messages import Attempt, Retrying, Waiting
from syncline.contracts.outbound import report_message, retry_message
from syncline.contracts.topics import Stage, retry_topic
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure, InvalidInputError, NotFoundError
from syncline.domain.mapping.refusal import printable
from syncline.domain.retry import GiveUp, RetryPolicy, dispose
from syncline.telemetry.masking import SECRETS
from syncline.telemetry.metrics import METRICS
from syncline.telemetry.run_log import RUN_LOG


class _Wait(msgspec.Struct):
    """Records of a bundle that wait on one retry topic; `delay` is seconds."""

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
        bundle: Bundle,
        failures: Mapping[int, Failure],
        policy: RetryPolicy,
        now: datetime,
    ) -> list[Outbound]:
        """Return dead letters, retries and reports of retries for the failed records of a bundle.

        `failures` has why by place in the bundle; `policy` is of the profile whose system failed.
        """
        waits: dict[tuple[str, bool], _Wait] = {}
        given_up: dict[int, Failure] = {}
        for place, failure in failures.items():
            decision = dispose(failure, bundle.attempt, policy, self._random.uniform(-1, 1))
            if isinstance(decision, GiveUp):
                given_up[place] = failure
                continue
            key = retry_topic(decision.delay), decision.counted
            wait = waits.setdefault(key, _Wait(*key))
            wait.places.append(place)
            wait.delay = max(wait.delay, decision.delay)
        messages = self._dead_letters(bundle, given_up, now)
        for wait in waits.values():
            self._log(bundle, wait, failures)
            send = self._retry if wait.counted else self._set_aside
            messages += send(bundle, wait, failures, now)
        self._count(given_up.values(), len(failures) - len(given_up))
        return messages

    def give_up(self, bundle: Bundle, error: Exception, now: datetime) -> list[Outbound]:
        """Make dead letters of a bundle whose configuration is gone, or that breaks the stage."""
        if isinstance(error, NotFoundError | InvalidInputError):
            failure = Failure(Category.PERMANENT, "configuration_unusable", str(error))
        else:
            failure = failure_of_bug("the stage broke on the bundle of this record", error)
        return self._dead_letters(bundle, dict.fromkeys(range(len(bundle)), failure), now)

    def _dead_letters(
        self, bundle: Bundle, failures: Mapping[int, Failure], now: datetime
    ) -> list[Outbound]:
        messages, places = [], sorted(failures)
        RUN_LOG.count("dead_letters", self._stage.value, bundle.run, len(places))
        payloads = iter(encoded_records(bundle, places))
        for batch, own in bundle.by_batch(places):
            for place, slot in zip(own, batch.slots, strict=True):
                record = RecordPlace(batch.number, slot, bundle.ids[place])
                row_hash = bundle.row_hashes[place] if bundle.row_hashes else None
                failed = FailedRecord(next(payloads), row_hash, batch.version)
                messages.append(
                    self._dead_letter(bundle, place, record, failed, failures[place], now)
                )
        return messages

    def _dead_letter(
        self,
        bundle: Bundle,
        place: int,
        record: RecordPlace,
        failed: FailedRecord,
        failure: Failure,
        now: datetime,
    ) -> Outbound:
        earlier = bundle.history[place] if bundle.history else []
        attempts = [*earlier, self._attempt(bundle, failure, now)]
        letter = dead_letter(bundle.run, record, self._stage, attempts, failed)
        return dead_letter_message(letter, now)

    def _attempt(self, bundle: Bundle, failure: Failure, now: datetime) -> Attempt:
        return Attempt(bundle.attempt, now.isoformat(), self._stage.value, storable(failure))

    def _set_aside(
        self, bundle: Bundle, wait: _Wait, failures: Mapping[int, Failure], now: datetime
    ) -> list[Outbound]:
        """Let records wait because their system asked for it; this counts as no attempt."""
        due = now + timedelta(seconds=wait.delay)
        reason = storable(failures[wait.places[0]]).message
        report = Waiting(bundle.run, len(wait.places), _milliseconds(due), reason)
        part = bundle.part(sorted(wait.places))
        return [retry_message(part, self._stage, wait.topic, due), report_message(report)]

    def _retry(
        self, bundle: Bundle, wait: _Wait, failures: Mapping[int, Failure], now: datetime
    ) -> list[Outbound]:
        """Let records wait for their next attempt."""
        due = now + timedelta(seconds=wait.delay)
        places = sorted(wait.places)
        again = bundle.part(places)
        again.attempt = bundle.attempt + 1
        again.history = [
            [
                *(bundle.history[p] if bundle.history else []),
                self._attempt(bundle, failures[p], now),
            ]
            for p in places
        ]

        def message_of(part: Bundle) -> Outbound:
            return retry_message(part, self._stage, wait.topic, due)

        messages = []
        for part, message in fitting(again, message_of, LARGEST_RETRY):
            messages.append(message)
            for batch, own in part.by_batch(range(len(part))):
                ids, attempts = [part.ids[p] for p in own], [part.history[p][-1] for p in own]
                report = Retrying(
                    part.run, batch.number, batch.slots, ids, attempts, _milliseconds(due)
                )
                messages.append(report_message(report))
        return messages

    def _log(self, bundle: Bundle, wait: _Wait, failures: Mapping[int, Failure]) -> None:
        RUN_LOG.note(
            "records_retried" if wait.counted else "records_wait",
            self._stage.value,
            bundle.run,
            Counter(failures[place].code for place in wait.places),
            attempt=bundle.attempt,
            seconds=round(wait.delay, 1),
        )

    def _count(self, given_up: Iterable[Failure], retried: int) -> None:
        METRICS.retries.labels(self._stage.value).inc(retried)
        for category, count in Counter(failure.category for failure in given_up).items():
            METRICS.dead_letters.labels(self._stage.value, category).inc(count)


def failure_of_bug(message: str, error: Exception, *, ambiguous: bool = False) -> Failure:
    """Return the failure for an exception; `message` says in plain words what broke."""
    words = printable(f"{type(error).__name__}: {error}")[:2000]
    return Failure(Category.UNKNOWN, "unexpected_error", message, words, ambiguous=ambiguous)


def storable(failure: Failure) -> Failure:
    """Return a failure without secrets, and with texts that PostgreSQL and a message accept."""
    detail, field = failure.detail, failure.field
    mask = SECRETS.mask  # before cutting, because half a secret would not be found
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
