"""What the body of a request for a run means: its correlation ID, its trigger, its mistakes."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid5

from uuid6 import uuid7

from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.record import JsonObject
from syncline.domain.trigger import TriggerRequest, parse_correlation_id, parse_trigger
from syncline_gateway.access.caller import Caller

_KEYS = UUID("3f0c6a4e-52b0-5c58-9d0e-6f7c4f1f8a11")
"""Namespace of the correlation IDs that are made of idempotency keys."""
_OURS = {
    "tenant": "comes from your session or API key",
    "actor": "comes from your session or API key",
    "trigger": "is always `api` here",
    "replay": "is asked for at /api/v1/dlq/replay",
}


def run_id_of(body: object, caller: Caller, key: str | None) -> str:
    """Return the correlation ID that was given, in any spelling of a UUID, or a new one."""
    given = body.get("correlationId") if isinstance(body, dict) else None
    if given is not None:
        with suppress(InvalidInputError):  # `request_of` names it
            return parse_correlation_id(str(given))
    return str(uuid5(_KEYS, f"{caller.tenant}\0{key}") if key else uuid7())


def fields_of(body: object, caller: Caller) -> JsonObject:
    """Return the fields of the trigger message; those that are ours come from the caller."""
    given = body if isinstance(body, dict) else {}
    theirs = {k: v for k, v in given.items() if k not in ("correlationId", *_OURS)}
    return theirs | {"tenant": caller.tenant, "actor": caller.actor, "trigger": "api"}


def request_of(body: object, fields: JsonObject) -> TriggerRequest:
    """Return what a request means.

    Raises:
        InvalidInputError: all its mistakes.
    """
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
