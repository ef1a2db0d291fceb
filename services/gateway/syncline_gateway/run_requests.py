"""Asking for runs: what a request means, publishing it, the trigger service's answer, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import Literal

import structlog
from uuid6 import uuid7

from syncline.actions.dead_letters.replay_plan import ACCEPTED, ReplayResult, ReplayRun, results_of
from syncline.contracts.events import REJECTED, RunStatus
from syncline.contracts.outbound import trigger_message
from syncline.contracts.status import refused, status_message
from syncline.contracts.wire import Outbound
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Problem,
    RetriableError,
)
from syncline.domain.record import JsonObject
from syncline.domain.trigger import TriggerRequest, parse_correlation_id, parse_trigger
from syncline.postgres.configuration.streams import Streams
from syncline.postgres.runs.refused_triggers import RefusedTriggers
from syncline.telemetry.logs import MOST_NAMED
from syncline_gateway.access.caller import Caller
from syncline_gateway.api import Api

ANSWER_WITHIN = 2.0
"""Seconds to wait for the trigger service's word; Kafka has the triggers all the same."""


async def publish_triggers(api: Api, triggers: Mapping[str, Outbound]) -> list[RunStatus | None]:
    """Publish triggers, by the ID of their run; return the first status of each run.

    None where nobody answered yet. Raises RetriableError: Kafka took none, nothing has begun.
    """
    if not triggers:
        return []
    with ExitStack() as stack:
        answers = [stack.enter_context(api.hub.answer_to(run_id)) for run_id in triggers]
        await api.producer.send(list(triggers.values()))
        named = list(triggers)[:MOST_NAMED]
        log.info("triggers_sent", runs=len(triggers), correlation_ids=named)
        await asyncio.wait(answers, timeout=ANSWER_WITHIN)
        return [answer.result() if answer.done() else None for answer in answers]


Start = Literal["failed", "ingest"]
UNANSWERED = "asked"
"""Result of an entry whose run nobody has answered for yet."""


async def publish_replays(api: Api, runs: Sequence[ReplayRun]) -> list[ReplayResult]:
    """Publish the triggers of replays; say what became of each entry. Raises RetriableError."""
    statuses = await publish_triggers(api, {run.run_id: run.message for run in runs})
    results: list[ReplayResult] = []
    for run, status in zip(runs, statuses, strict=True):
        is_refused = status is not None and status.state == "rejected"
        refused = ((status and status.reason) or "") if is_refused else None
        results += results_of(run, refused, {}, UNANSWERED if status is None else ACCEPTED)
    return results


def is_accepted(result: ReplayResult) -> bool:
    """Tell whether an entry is in a run, or will be when its trigger is read."""
    return result.result in (ACCEPTED, UNANSWERED)


_OURS = {
    "tenant": "cannot be given: it is that of your session or API key",
    "actor": "cannot be given: it is the name of your session or API key",
    "trigger": "cannot be given: it is `console` for a session and `api` for a key",
    "replay": "cannot be given: dead letters are replayed by POST /api/v1/dlq/replay",
    "after": "cannot be given: Syncline itself begins the runs of a chain",
}


def run_id_of(api: Api, body: object, caller: Caller, key: str | None) -> str:
    """Return the correlation ID that was given, in any spelling of a UUID, or a new one.

    Of a key it is made so that no other tenant can foresee it and take it first.
    """
    given = body.get("correlationId") if isinstance(body, dict) else None
    if given is not None:
        with suppress(InvalidInputError):  # `request_of` names it
            return parse_correlation_id(str(given))
    return api.keyring.id_of(f"run\0{caller.tenant}\0{key}") if key else str(uuid7())


def fields_of(body: object, caller: Caller) -> JsonObject:
    """Return the fields of the trigger message; those that are ours come from the caller."""
    given = body if isinstance(body, dict) else {}
    theirs = {k: v for k, v in given.items() if k not in ("correlationId", *_OURS)}
    return theirs | {"tenant": caller.tenant, "actor": caller.actor, "trigger": _trigger(caller)}


def _trigger(caller: Caller) -> str:
    """Return by what means a caller asks: the console has a session, a program a key."""
    return "api" if caller.identity is None or caller.identity.session is None else "console"


def request_of(body: object, fields: JsonObject) -> TriggerRequest:
    """Return what a request means. Raises InvalidInputError that names all its mistakes."""
    if not isinstance(body, dict):
        raise InvalidInputError([Problem("$", "expected an object with `instance`, `entityType`")])
    problems = [Problem(f"$.{name}", why) for name, why in _OURS.items() if body.get(name)]
    wanted = None
    try:
        wanted = parse_trigger(fields)
    except InvalidInputError as error:
        problems += error.problems
    if (given := body.get("correlationId")) is not None:
        try:
            parse_correlation_id(str(given))
        except InvalidInputError as error:
            problems += error.problems
    if problems or wanted is None:
        raise InvalidInputError(problems)
    return wanted


log = structlog.get_logger()


async def refuse_what_cannot_run(
    api: Api, run_id: str, fields: JsonObject, wanted: TriggerRequest
) -> None:
    """Refuse at once what does not exist or may not run. Raises NotFoundError, ConflictError.

    The refusal is stored before the trigger is published. The trigger service finds it, publishes
    `run.rejected`, and begins no run by this trigger, whatever has been changed meanwhile.
    """
    try:
        await Streams(api.database).runnable(wanted.tenant, wanted.instance, wanted.entity_type)
    except (NotFoundError, ConflictError) as error:
        await RefusedTriggers(api.database).refuse(run_id, wanted, error)
        await api.producer.send([trigger_message(run_id, fields, "gateway", api.clock.now())])
        raise


async def publish_refusal(
    api: Api, run_id: str, fields: JsonObject, error: InvalidInputError
) -> None:
    """Publish `run.rejected`, and no trigger, for a request that is wrong in itself.

    While Kafka is away the caller gets the answer all the same, and the log keeps the event.
    """
    status = refused(run_id, fields, error)
    message = status_message(REJECTED, "gateway", status, api.clock.now())
    try:
        await api.producer.send([message])
    except RetriableError as outage:
        log.warning("refusal_unpublished", correlation_id=run_id, error=str(outage))
