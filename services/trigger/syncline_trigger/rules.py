"""What a trigger asks for, which correlation ID it has, and how a refused one is answered.

The correlation ID is in the data, the key or a header; those that are given must be equal. A key
that is not a UUID is accepted only if the data or the header names the run. Without any, the ID is
made from the message's partition and offset, so that a message read twice is one run. The tenant is
in the data, or is the topic's: `topic_rights.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from syncline.contracts import events
from syncline.contracts.run_ref import Runs
from syncline.contracts.status import Refusal, refused, status_message, status_of
from syncline.contracts.wire import Delivery, Outbound
from syncline.domain.conversion import malformed_at
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.domain.record import JsonObject
from syncline.domain.run import Run
from syncline.domain.trigger import MAX_BYTES, TriggerRequest, parse_correlation_id, parse_trigger
from syncline_trigger.topic_rights import as_sent, rights_problems, tenant_of

FIELD, KEY, HEADER = "$.correlationId", "key", "headers.correlation-id"
LONGEST_KEY = 512
"""Most bytes of a key under which a refusal is published."""
NAMESPACE = UUID("3f0a6c1e-9a2b-5c47-8b1d-7d2f9e4c5a60")


class TriggerMessage(msgspec.Struct, frozen=True):
    """A trigger message.

    Attributes:
        run_id: its correlation ID, or the ID made in its place.
        request: what it asks for; None if it must be refused.
        said: its data as far as it could be read, for the refusal.
        key: under which a refusal is published, so that the sender finds it.
        place: headers of the answer with the trigger's partition and offset.
        unread: the message itself if it cannot be read: its bytes go to the DLQ, too.
    """

    run_id: str
    request: TriggerRequest | None
    said: JsonObject
    problems: tuple[Problem, ...] = ()
    key: bytes = b""
    place: tuple[tuple[str, bytes], ...] = ()
    unread: Delivery | None = None


def decode(delivery: Delivery, _runs: Runs) -> TriggerMessage:
    """Read a trigger, a CloudEvent or its data alone; the result names what is wrong with it."""
    type_, data, unreadable = _read(delivery.value)
    problems = tuple(Problem("$", message) for message in unreadable)
    unread = delivery if unreadable else None
    said = dict(data) if isinstance(data, Mapping) else {}
    name = run_name_of(delivery, said.pop("correlationId", None))
    problems += name.problems
    request = None
    if unread is None:
        problems += tenant_problems(delivery, said.get("tenant"))
        problems += rights_problems(delivery, said.get("tenant"))
        if type_ not in (None, events.TRIGGER):
            message = f"must be {events.TRIGGER}, not {shown(type_)}"
            problems += (Problem("$.type", message),)
        try:
            request = as_sent(delivery, parse_trigger(said if isinstance(data, Mapping) else data))
        except InvalidInputError as error:
            problems += error.problems
    if not delivery.is_ours:  # a refusal is told to the tenant that the sender may mean
        said["tenant"] = tenant_of(delivery, None)
    place = (
        ("trigger-partition", str(delivery.partition).encode()),
        ("trigger-offset", str(delivery.offset).encode()),
    )
    wanted = None if problems else request
    return TriggerMessage(name.run_id, wanted, said, problems, name.key, place, unread)


def _read(value: bytes | None) -> tuple[object, object, list[str]]:
    """Return the event type and the data of a message, or why it cannot be read."""
    if value is None:
        return None, None, ["the message has no value: a trigger is a JSON object"]
    if len(value) > MAX_BYTES:
        message = f"the trigger has {len(value):,} bytes, at most {MAX_BYTES:,} are allowed"
        return None, None, [message]
    try:
        return *events.event_data(value), []
    except (msgspec.MsgspecError, ValueError, RecursionError):  # its text is for programmers
        where = malformed_at(value) or "not UTF-8 text, nested too deeply, or a malformed number"
        return None, None, [f"the message is not JSON: {where}"]


def accepted(trigger: TriggerMessage, run: Run, now: datetime) -> Outbound:
    """Return the status event of an accepted run."""
    message = status_message(events.ACCEPTED, "trigger", status_of(run), now)
    return msgspec.structs.replace(message, headers=(*message.headers, *trigger.place))


def refused_in_turn(run: Run, now: datetime) -> Outbound:
    """Return the status event of a queued run that does not start; all copies have the same ID."""
    status = msgspec.structs.replace(
        status_of(run),
        state="rejected",
        code="conflict",
        reason=(run.failure or {}).get("message"),
    )
    id_ = str(uuid5(NAMESPACE, f"{run.id}/turned away"))
    return status_message(events.REJECTED, "trigger", status, now, id_)


def rejected(trigger: TriggerMessage, error: Refusal, now: datetime) -> Outbound:
    """Return the status event that says why there will be no run."""
    status = refused(trigger.run_id, trigger.said, error)
    message = status_message(events.REJECTED, "trigger", status, now)
    headers = (*message.headers, *trigger.place)
    return msgspec.structs.replace(message, key=trigger.key or message.key, headers=headers)


class Name(msgspec.Struct, frozen=True):
    """The correlation ID of a run, and the key under which a refusal is published."""

    run_id: str
    key: bytes
    problems: tuple[Problem, ...]


def run_name_of(delivery: Delivery, field: object) -> Name:
    """Find the correlation ID of a message; `field` is the one in its data."""
    headers = dict(delivery.headers)
    given = {
        FIELD: field,
        KEY: _text(delivery.key),
        HEADER: _text(headers.get("correlation-id")),
    }
    names: dict[str, str] = {}
    wrong: dict[str, Problem] = {}
    for where, value in given.items():
        if value not in (None, ""):
            _take(where, value, names, wrong)
    if names.keys() - {KEY}:
        wrong.pop(KEY, None)
    run_id = names.get(KEY) or next(iter(names.values()), None)
    problems = (*wrong.values(), *_contradictions(names))
    if run_id is not None:
        return Name(run_id, run_id.encode(), problems)
    own = str(uuid5(NAMESPACE, f"{delivery.partition}/{delivery.offset}"))
    usable = delivery.key is not None and 0 < len(delivery.key) <= LONGEST_KEY
    return Name(own, delivery.key if usable and delivery.key else own.encode(), problems)


def tenant_problems(delivery: Delivery, field: object) -> tuple[Problem, ...]:
    """Refuse a header that names another tenant than the data."""
    header = _text(dict(delivery.headers).get("tenant"))
    means = tenant_of(delivery, field)
    if header in ("", means):
        return ()
    message = (
        f"says {shown(header)}, but the message means the tenant {shown(means)}: "
        "name the tenant in the data as `tenant`; the header is not used"
    )
    return (Problem("headers.tenant", message),)


def _take(where: str, value: object, names: dict[str, str], wrong: dict[str, Problem]) -> None:
    try:
        names[where] = parse_correlation_id(str(value))
    except InvalidInputError as error:
        words = error.problems[0].message
        if where == KEY:
            words += "; or give `correlationId` in the message, or no key at all"
        wrong[where] = Problem(where, words)


def _contradictions(names: dict[str, str]) -> list[Problem]:
    """Name what differs from the correlation ID in the data, or in the key if the data has none."""
    if FIELD in names:
        first, said = names[FIELD], "the message says"
    else:
        first, said = names.get(KEY, ""), "the key says"
    return [
        Problem(where, f"is {name}, but {said} {first}: both name the run, so they must agree")
        for where, name in names.items()
        if first and name != first
    ]


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace").strip()
