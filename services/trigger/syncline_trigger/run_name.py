"""What names the run that a trigger asks for, and whose it is: the contract of keys and headers.

The correlation ID stands in the data, in the key or in a header; those that are given must agree.
A key that is no UUID is no name, and only taken beside one. Without any the message's own place
names the run, so that a second copy of it is the same run. The tenant stands in the data alone.
"""

from __future__ import annotations

from uuid import UUID, uuid5

import msgspec

from syncline.contracts.wire import Delivery
from syncline.domain.errors import InvalidInputError, Problem
from syncline.domain.naming import shown
from syncline.domain.trigger import parse_correlation_id

FIELD, KEY, HEADER = "$.correlationId", "key", "headers.correlation-id"
LONGEST_KEY = 512
"""Bytes of a key that a refusal can be told under."""
NAMESPACE = UUID("3f0a6c1e-9a2b-5c47-8b1d-7d2f9e4c5a60")


class Name(msgspec.Struct, frozen=True):
    """What names a run, and the key under which a refusal is published."""

    run_id: str
    key: bytes
    problems: tuple[Problem, ...]


def run_name_of(delivery: Delivery, field: object) -> Name:
    """Return the name of the run that a message with a correlation ID in its data asks for."""
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
    """Refuse a header that names another tenant than the data: it decides nothing."""
    header = _text(dict(delivery.headers).get("tenant"))
    means = field.strip() if isinstance(field, str) and field.strip() else "default"
    if header in ("", means):
        return ()
    message = (
        f"says {shown(header)}, but the message means the tenant {shown(means)}: "
        "name the tenant in the data as `tenant`; the header decides nothing"
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
    """Name what differs from the correlation ID in the message, or in its key."""
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
