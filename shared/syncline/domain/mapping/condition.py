"""Conditions in mapping documents: `when`, `exclude` and filters. Spec section 6."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator

from syncline.domain.document_fields import CONFIG, Part, Text, checked_by
from syncline.domain.errors import Problem
from syncline.domain.mapping.paths import parse_path
from syncline.domain.record import Value

MAX_DEPTH = 20
"""How deep conditions may be nested."""
Op = Literal["eq", "ne", "in", "notIn", "exists", "empty", "gt", "gte", "lt", "lte"]


def _path(text: str) -> str:
    parse_path(text)
    return text


FieldPath = Annotated[Text, AfterValidator(_path)]
"""A path into a record, as `paths` reads it."""


@dataclass(frozen=True)
class Condition:
    """A test on one field, or a combination: use `field`, or `all`, or `any`, or `not`."""

    __pydantic_config__ = CONFIG

    field: FieldPath | None = None
    """Path of the field that is tested."""
    op: Annotated[Op | None, BeforeValidator(lambda op: "eq" if op in (None, "") else op)] = "eq"
    """How it is compared with `value`."""
    value: Value = None
    all: Conditions | None = None
    """All must hold."""
    any: Conditions | None = None
    """One must hold."""
    not_: CheckedCondition | None = None
    """Must not hold."""


def _condition_problems(condition: Condition) -> Iterator[Problem]:
    forms = (condition.field, condition.all, condition.any, condition.not_)
    if sum(form is not None for form in forms) != 1:
        yield Problem("$", "must be one of {field, op, value}, {all}, {any}, {not}")
    elif condition.op in ("in", "notIn") and not isinstance(condition.value, list):
        yield Problem("$.value", f"must be a list for `{condition.op}`")


def _shallow(condition: Condition) -> Iterator[Problem]:
    if depth_of(condition) > MAX_DEPTH:
        yield Problem("$", f"is nested deeper than {MAX_DEPTH}")


def depth_of(condition: Condition) -> int:
    """Return how many levels of conditions are nested inside this one."""
    inner = [*(condition.all or ()), *(condition.any or ())]
    inner += [condition.not_] if condition.not_ is not None else []
    return max((1 + depth_of(one) for one in inner), default=0)


CheckedCondition: TypeAlias = Part[Annotated[Condition, checked_by(_condition_problems)]]
Conditions: TypeAlias = tuple[CheckedCondition, ...]
Rule = Annotated[CheckedCondition, checked_by(_shallow)]
"""A condition as a whole."""
