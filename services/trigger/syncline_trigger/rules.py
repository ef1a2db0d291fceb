"""What a trigger message asks for, and how a refused one is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from syncline.contracts import events
from syncline.contracts.events import RunStatus
from syncline.contracts.status import status_message, status_of
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    Problem,
)
from syncline.domain.run import Run
from syncline.domain.trigger import MAX_BYTES, TriggerRequest, parse_correlation_id, parse_trigger

SHOWN = 100
"""Mistakes of one trigger that its refusal names."""
_NAMESPACE = UUID("3f0a6c1e-9a2b-5c47-8b1d-7d2f9e4c5a60")


_CODES = {
    InvalidInputError: "invalid_input",
    NotFoundError: "not_found",
    ConflictError: "conflict",
}


class Asked(msgspec.Struct, frozen=True):
    """A trigger message.

    Attributes:
        run_id: its correlation ID, or what stands for it in a refusal.
        request: what it asks for, None if it must be refused.
        said: its data as far as it could be read, for the refusal.
    """

    run_id: str
    request: TriggerRequest | None
    said: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def decode(delivery: Delivery) -> Asked:
    """Read a trigger: a CloudEvent or its data alone, keyed by the correlation ID.

    Raises:
        ValueError: it is no JSON, or far too large; such a message goes to the DLQ.
    """
    value = delivery.value or b""
    if len(value) > MAX_BYTES:
        raise ValueError(f"the trigger has {len(value):,} bytes, at most {MAX_BYTES:,} are allowed")
    try:
        type_, data = events.event_data(value)
    except RecursionError:
        raise ValueError("the trigger is nested too deeply") from None
    said = dict(data) if isinstance(data, Mapping) else {}
    fallback = str(uuid5(_NAMESPACE, f"{delivery.partition}/{delivery.offset}"))
    named = said.pop("correlationId", None) or (delivery.key or b"").decode(errors="replace")
    run_id, problems = _run_id(named, fallback)
    if type_ not in (None, events.TRIGGER):
        message = f"must be {events.TRIGGER}, not {ascii(type_)[:80]}"
        problems += (Problem("$.type", message),)
    try:
        request = parse_trigger(said if isinstance(data, Mapping) else data)
    except InvalidInputError as error:
        problems += error.problems
        request = None
    return Asked(run_id, None if problems else request, said, problems)


def _run_id(named: object, fallback: str) -> tuple[str, tuple[Problem, ...]]:
    """Without a correlation ID the message's own place stands for it: a second copy is the same."""
    if not named:
        return fallback, ()
    try:
        return parse_correlation_id(str(named)), ()
    except InvalidInputError as error:
        return fallback, error.problems


def accepted(run: Run, now: datetime) -> Outbound:
    """Announce an accepted run."""
    return status_message(events.ACCEPTED, "trigger", status_of(run), now)


def rejected(
    asked: Asked, error: InvalidInputError | NotFoundError | ConflictError, now: datetime
) -> Outbound:
    """Announce why there will be no run."""
    problems = error.problems if isinstance(error, InvalidInputError) else ()
    status = RunStatus(
        correlation_id=asked.run_id,
        tenant=_text(asked, "tenant") or "default",
        instance=_text(asked, "instance"),
        entity_type=_text(asked, "entityType"),
        mode=_text(asked, "mode") or "incremental",
        trigger=_text(asked, "trigger") or "topic",
        state="rejected",
        seq=0,
        code=_CODES[type(error)],
        reason="the trigger is wrong" if problems else str(error),
        problems=[{"path": p.path[:500], "message": p.message[:500]} for p in problems[:SHOWN]],
    )
    return status_message(events.REJECTED, "trigger", status, now)


def _text(asked: Asked, name: str) -> str:
    value = asked.said.get(name)
    return value[:200] if isinstance(value, str) else ""
