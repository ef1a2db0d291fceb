"""How a mapping stage hands on what it made: outputs to the next stage, the rest to its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from syncline.contracts.messages import Batch, timings_at
from syncline.contracts.sending import batch_message, settled_message
from syncline.contracts.topics import Stage
from syncline.contracts.wire import Outbound
from syncline.domain.errors import Category, Failure
from syncline.domain.retry import RetryPolicy
from syncline.domain.run import Outcome
from syncline.runtime.failure.failure_router import FailureRouter, part_of
from syncline.telemetry.metrics import METRICS

MAX_MESSAGE = 1_000_000
"""Bytes of an encoded batch above which it is split."""


class Made(Protocol):
    """What mapping a batch gave; `outputs` runs parallel to the batch, None where there is none."""

    @property
    def outputs(self) -> Sequence[dict[str, Any] | None]: ...
    @property
    def failures(self) -> Mapping[int, Failure]: ...
    @property
    def excluded(self) -> Sequence[int]: ...


class Forwarder:
    """Addresses one stage's results."""

    def __init__(self, stage: Stage, to: Stage, router: FailureRouter) -> None:
        self._stage = stage
        self._to = to
        self._router = router
        self._passed = METRICS.records.labels(stage.value, "passed")

    def forward(
        self, batch: Batch[dict[str, Any]], made: Made, begun: datetime, now: datetime
    ) -> list[Outbound]:
        """Turn the results for one batch into messages; every record is in exactly one of them."""
        timings = timings_at(batch, begun, now)
        messages: list[Outbound] = []
        failures = dict(made.failures)
        if failures or made.excluded:
            places = [place for place, output in enumerate(made.outputs) if output is not None]
            output = part_of(batch, places)
            output.records = [o for o in made.outputs if o is not None]
        else:
            places = list(range(len(batch.ids)))
            output = msgspec.structs.replace(batch, records=made.outputs)
        if output.ids:
            output.attempt, output.history, output.timings = 1, [], timings
            sendable, too_large = self._split(output, places)
            messages += sendable
            failures.update(too_large)
            self._passed.inc(len(output.ids) - len(too_large))
            timings = []  # one message carries them
        if made.excluded:
            messages.append(
                settled_message(batch, made.excluded, Outcome.EXCLUDED, self._stage, timings)
            )
            timings = []
        if failures:
            messages += self._router.route(batch, failures, RetryPolicy(), now, timings)
        return messages

    def _split(
        self, output: Batch[dict[str, Any]], places: list[int]
    ) -> tuple[list[Outbound], dict[int, Failure]]:
        """Address a batch, in parts if it is too large; a record too large alone is a failure."""
        message = batch_message(output, self._to)
        size = len(message.value or b"")
        if size <= MAX_MESSAGE:
            return [message], {}
        if len(places) == 1:
            return [], {places[0]: too_large(size)}
        middle = len(places) // 2
        first, bad_first = self._split(part_of(output, list(range(middle))), places[:middle])
        rest, bad_rest = self._split(
            part_of(output, list(range(middle, len(places)))), places[middle:]
        )
        return first + rest, bad_first | bad_rest


def too_large(size: int) -> Failure:
    """Say that a record does not fit into a message. `size` is bytes."""
    message = f"the record has {size:,} bytes, a message may have {MAX_MESSAGE:,}"
    return Failure(Category.PERMANENT, "record_too_large", message)
