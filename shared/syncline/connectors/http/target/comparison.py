"""Whether a record that was read back holds what was sent: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?Z?")


def holds_payload(payload: Mapping[str, object], stored: object) -> bool | None:
    """Tell whether a stored record holds a payload; it may hold more.

    None where a field is not shown, and none that is shown differs: nobody can tell.
    """
    if not isinstance(stored, Mapping):
        return None
    told: bool | None = True
    for name, value in payload.items():
        if name not in stored:
            told = told and (True if value is None else None)
        elif not _equal(value, stored[name]):
            return False
    return told


def differences(
    payload: Mapping[str, object], stored: object, path: str = "", *, partly: bool = False
) -> list[str]:
    """Return the paths of what a stored record does not show as it was sent; lists count whole.

    Where it is shown `partly`, as GraphQL shows what a query asks for, only what is shown counts.
    """
    if not isinstance(stored, Mapping):
        return [path or name for name in payload]
    found: list[str] = []
    for name, value in payload.items():
        if name not in stored and (partly or value is None):
            continue
        below = f"{path}.{name}" if path else name
        kept = stored.get(name)
        if isinstance(value, Mapping) and isinstance(kept, Mapping):
            found += differences(value, kept, below, partly=partly)
        elif name not in stored or not _equal(value, kept):
            found.append(below)
    return found


def _equal(sent: object, stored: object) -> bool:
    if isinstance(sent, Mapping):
        return isinstance(stored, Mapping) and holds_payload(sent, stored) is True
    if isinstance(sent, list):
        return (
            isinstance(stored, list)
            and len(sent) == len(stored)
            and all(_equal(a, b) for a, b in zip(sent, stored, strict=True))
        )
    if isinstance(sent, bool) or isinstance(stored, bool) or sent is None or stored is None:
        return sent is stored
    if isinstance(sent, str) and isinstance(stored, str):
        return sent == stored or _is_midnight(stored, sent)
    a, b = _number(sent), _number(stored)  # 10 is often shown as "10.00"
    return a is not None and a == b


def _is_midnight(stored: str, day: str) -> bool:
    """Tell whether a time is the beginning of a day: OData 4 shows days so."""
    return bool(_DAY.fullmatch(day)) and bool(_MIDNIGHT.fullmatch(stored.removeprefix(day)))


def _number(value: object) -> Decimal | None:
    if not isinstance(value, int | str | Decimal):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:  # a text that is no number equals none
        return None
    return None if found.is_nan() else found
