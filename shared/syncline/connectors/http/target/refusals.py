"""What a refusal means by the rules of a mapping's target block: pure."""

from __future__ import annotations

import msgspec

from syncline.connectors.http.answers.answer import is_one_of
from syncline.connectors.http.settings.target import HttpTarget
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure

GONE = frozenset({"missing_in_answer", "not_found", "gone"})
"""Codes of failures by which an update tells that the target has no such record."""


def refusal_of_call(target: HttpTarget, failure: Failure, status: int, *, updates: bool) -> Failure:
    """Return why a call was refused: the record's parent is missing, it is gone, or there."""
    if is_one_of(target.parent_missing, failure, status):
        return without_parent(failure)
    if updates and (status in (404, 410) or is_one_of(target.gone, failure, status)):
        code = "not_found" if status == 404 else "gone"
        return msgspec.structs.replace(failure, code=code, category=Category.PERMANENT)
    if not updates and is_one_of(target.exists, failure, status):
        return msgspec.structs.replace(failure, code="exists", category=Category.PERMANENT)
    return failure


def without_parent(failure: Failure) -> Failure:
    """Say of a failure that the record's parent is not at the target yet."""
    return msgspec.structs.replace(failure, code=PARENT_MISSING, category=Category.PERMANENT)
