"""What a trigger message asks for, and how a refused one is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid5

import msgspec

from syncline.contracts import events
from syncline.contracts.status import Refusal, refused, status_message, status_of
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.conversion import malformed_at
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.domain.record import JsonObject
from syncline.domain.run import Run
from syncline.domain.trigger import MAX_BYTES, TriggerRequest, parse_trigger
from syncline_trigger.run_name import NAMESPACE, run_name_of, tenant_problems


class TriggerMessage(msgspec.Struct, frozen=True):
    """A trigger message.

    Attributes:
        run_id: its correlation ID, or what stands for it in a refusal.
        request: what it asks for, None if it must be refused.
        said: its data as far as it could be read, for the refusal.
        key: under which a refusal is told, so that its sender finds it.
        place: headers of the answer that say where the trigger lay.
        unread: the message itself where nobody can read it: its bytes go to the DLQ, too.
    """

    run_id: str
    request: TriggerRequest | None
    said: JsonObject
    problems: tuple[Problem, ...] = ()
    key: bytes = b""
    place: tuple[tuple[str, bytes], ...] = ()
    unread: Delivery | None = None


def decode(delivery: Delivery) -> TriggerMessage:
    """Read a trigger: a CloudEvent or its data alone. What is wrong with it is in the answer."""
    type_, data, unreadable = _read(delivery.value)
    problems = tuple(Problem("$", message) for message in unreadable)
    unread = delivery if unreadable else None
    said = dict(data) if isinstance(data, Mapping) else {}
    name = run_name_of(delivery, said.pop("correlationId", None))
    problems += name.problems
    request = None
    if unread is None:
        problems += tenant_problems(delivery, said.get("tenant"))
        if type_ not in (None, events.TRIGGER):
            message = f"must be {events.TRIGGER}, not {shown(type_)}"
            problems += (Problem("$.type", message),)
        try:
            request = parse_trigger(said if isinstance(data, Mapping) else data)
        except InvalidInputError as error:
            problems += error.problems
    place = (
        ("trigger-partition", str(delivery.partition).encode()),
        ("trigger-offset", str(delivery.offset).encode()),
    )
    wanted = None if problems else request
    return TriggerMessage(name.run_id, wanted, said, problems, name.key, place, unread)


def _read(value: bytes | None) -> tuple[Any, Any, list[str]]:
    """Return the event type and the data of a message, or why nobody can read it."""
    if value is None:
        return None, None, ["the message has no value: a trigger is a JSON object"]
    if len(value) > MAX_BYTES:
        message = f"the trigger has {len(value):,} bytes, at most {MAX_BYTES:,} are allowed"
        return None, None, [message]
    try:
        return *events.event_data(value), []
    except (msgspec.MsgspecError, ValueError, RecursionError):  # the parser's words are Python's
        where = malformed_at(value) or "not UTF-8 text, nested too deeply, or a malformed number"
        return None, None, [f"the message is no JSON: {where}"]


def accepted(trigger: TriggerMessage, run: Run, now: datetime) -> Outbound:
    """Announce an accepted run."""
    message = status_message(events.ACCEPTED, "trigger", status_of(run), now)
    return msgspec.structs.replace(message, headers=(*message.headers, *trigger.place))


def refused_in_turn(run: Run, now: datetime) -> Outbound:
    """Announce that a queued run does not start; every copy has one ID."""
    status = msgspec.structs.replace(
        status_of(run),
        state="rejected",
        code="conflict",
        reason=(run.failure or {}).get("message"),
    )
    id_ = str(uuid5(NAMESPACE, f"{run.id}/turned away"))
    return status_message(events.REJECTED, "trigger", status, now, id_)


def rejected(trigger: TriggerMessage, error: Refusal, now: datetime) -> Outbound:
    """Announce why there will be no run."""
    status = refused(trigger.run_id, trigger.said, error)
    message = status_message(events.REJECTED, "trigger", status, now)
    headers = (*message.headers, *trigger.place)
    return msgspec.structs.replace(message, key=trigger.key or message.key, headers=headers)
