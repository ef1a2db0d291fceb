"""What a refusal of the Service Layer means for the record. Pure."""

from __future__ import annotations

import re

import msgspec

from syncline.domain.errors import Category, Failure

_CODE = re.compile(r'"code"\s*:\s*"?(-?\d+)\b')
NOT_FOUND = -2028
_EXISTS = -2035


def code_of(failure: Failure) -> int | None:
    """Return the code that the Service Layer gave, None where it gave none."""
    found = _CODE.search(failure.detail or "")
    return int(found[1]) if found else None


def meaning_of(failure: Failure, *, creates: bool) -> Failure:
    """Return a failure as it counts for a record that was to be created or changed.

    An error 500, mostly an empty one of the proxy in front, leaves open whether it was done. What
    exists already was made since it was looked for: it is looked for again, and changed.
    """
    if failure.code == "http_500":
        return msgspec.structs.replace(failure, ambiguous=True)
    if creates and code_of(failure) == _EXISTS:
        return msgspec.structs.replace(failure, category=Category.UNKNOWN)
    return failure
