"""Points between an effect and its acknowledgement, at which a service's process can die.

A process that is forked with FAULT_POINT in its environment kills itself there, once: the nursery
wraps one method of one class before the service starts. The product knows nothing of it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple

from syncline.bootstrap.producers import ServiceProducer
from syncline.connectors.http.connector import HttpConnector
from syncline.contracts.topics import DLQ, INPUT_OF, Stage
from syncline.kafka.consumer import KafkaConsumer
from syncline.postgres.dead_letters.store import DeadLetterStore
from syncline.postgres.ledger.write_ledger import Ledger
from syncline.postgres.operations.steps import OperationSteps
from syncline.postgres.progress.extraction import Extractions
from syncline.postgres.progress.outcomes import Outcomes
from syncline_ingest.publication.publisher import BatchPublisher
from syncline_trigger.main import Store

FAULT_POINT = "FAULT_POINT"
"""Variable with the name of the point."""
Matches = Callable[[tuple[Any, ...], Any], bool]
"""Whether a call is the one: by its arguments, and by its result if it is done."""


class FaultPoint(NamedTuple):
    """Where a process dies: before a call of a method, or behind it."""

    service: str
    owner: type
    method: str
    is_done: bool = True
    matches: Matches = lambda _arguments, _result: True


def _commit(service: str) -> FaultPoint:
    return FaultPoint(service, KafkaConsumer, "commit", is_done=False)


def _send(service: str, topic: str) -> FaultPoint:
    def is_to_topic(arguments: tuple[Any, ...], _result: object) -> bool:
        return any(message.topic == topic for message in arguments[1])

    return FaultPoint(service, ServiceProducer, "send", is_done=False, matches=is_to_topic)


def _has_result(_arguments: tuple[Any, ...], result: object) -> bool:
    return bool(result)


def _closes_run(_arguments: tuple[Any, ...], result: Any) -> bool:
    return any(run.state.is_final for run in result)


POINTS: Mapping[str, FaultPoint] = {
    "trigger: run claimed | request": FaultPoint(
        "trigger", Store, "claim_dispatchable", matches=_has_result
    ),
    "trigger: run stored | answer, request": FaultPoint("trigger", Store, "accept"),
    "trigger: request published | offset": _commit("trigger"),
    "ingest: chunk committed | batches published": FaultPoint("ingest", Extractions, "commit"),
    "ingest: batches published | noted": FaultPoint("ingest", BatchPublisher, "publish"),
    "ingest: extraction ended | manifest": FaultPoint("ingest", Extractions, "finish"),
    "ingest: manifest published | offset": _commit("ingest"),
    "normalize: mapped | published": _send("normalize", INPUT_OF[Stage.TRANSFORM]),
    "normalize: published | offset": _commit("normalize"),
    "normalize: failed | in the DLQ": _send("normalize", DLQ),
    "transform: mapped | published": _send("transform", INPUT_OF[Stage.EXECUTE]),
    "transform: published | offset": _commit("transform"),
    "execute: target written | acknowledged": FaultPoint("execute", HttpConnector, "write"),
    "execute: intent stored | target called": FaultPoint("execute", Ledger, "intend"),
    "execute: acknowledged | outcome published": FaultPoint("execute", Ledger, "acknowledge"),
    "execute: outcome published | offset": _commit("execute"),
    "finalize: run closed, cursor moved | event": FaultPoint(
        "finalize", Outcomes, "apply", matches=_closes_run
    ),
    "finalize: event published | offset": _commit("finalize"),
    "finalize: outcome stored | event": FaultPoint("finalize", Outcomes, "apply"),
    "retry: due | published": _send("retry", INPUT_OF[Stage.EXECUTE]),
    "retry: published | offset": _commit("retry"),
    "deadletter: stored | failure reported": FaultPoint("deadletter", DeadLetterStore, "store"),
    "deadletter: failure reported | offset": _commit("deadletter"),
    "replay: dead letters claimed | trigger": FaultPoint(
        "deadletter", OperationSteps, "claim", matches=_has_result
    ),
    "replay: trigger published | noted": FaultPoint(
        "deadletter", OperationSteps, "mark_sent", is_done=False
    ),
}
"""By name: what is done when the process dies, and behind the bar what is not.

The first of each service are part of every test run.
"""


def arm(name: str) -> None:
    """Let this process die when it comes to a point."""
    point = POINTS[name]
    original: Callable[..., Awaitable[Any]] = getattr(point.owner, point.method)

    @wraps(original)
    async def mortal(*arguments: Any, **options: Any) -> Any:
        result = await original(*arguments, **options) if point.is_done else None
        if point.matches(arguments, result):
            os.kill(os.getpid(), signal.SIGKILL)
        return result if point.is_done else await original(*arguments, **options)

    setattr(point.owner, point.method, mortal)
