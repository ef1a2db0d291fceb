"""A field over a column of values: each of its steps goes once over the whole list.

Where a step raises, the column goes through the field value by value instead, so that just the
records fail of which a value breaks it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from types import NoneType
from typing import Any, TypeAlias

from syncline.domain.mapping.engine.conditions import RAISED
from syncline.domain.mapping.engine.evaluation import Scope
from syncline.domain.mapping.engine.fields import (
    ABSENT,
    Field,
    FieldTransformer,
    RequiredFieldError,
)
from syncline.domain.mapping.transformers.transformer import ValueTransformer
from syncline.domain.mapping.values.column_forms import ColumnForm, column_form, texts_or_nulls
from syncline.domain.mapping.values.converters import sorted_keys, to_string, without_nulls
from syncline.domain.record import Record, Value

_Step: TypeAlias = Callable[[list[Any], Scope], list[Any]]
_NESTED = frozenset({dict, list})
_NO_RECORD: Record = {}


class FieldColumn:
    """Brings columns through one field.

    Attributes:
        is_idle: it leaves every value as it is.
    """

    def __init__(self, field: Field) -> None:
        self._field = field
        self._steps = tuple(_steps(field))
        self.is_idle = not self._steps
        self._reads_records = any(
            not isinstance(made.transform, ValueTransformer) for made in field.transformers
        )

    def apply(self, values: list[Value], scope: Scope) -> list[Any]:
        """Return what the field makes of each row's value; ABSENT where it leaves null out.

        A value that breaks it is noted with its record, and makes null.
        """
        made = values
        try:
            for step in self._steps:
                made = step(made, scope)
        except RAISED:  # whatever it was, the slow way names it
            return self._one_by_one(values, scope)
        return made

    def _one_by_one(self, values: list[Value], scope: Scope) -> list[Any]:
        field, made = self._field, []
        roots = scope.roots() if self._reads_records else repeat(_NO_RECORD, len(values))
        for value, root, owner in zip(values, roots, scope.owners, strict=True):
            try:
                made.append(field.apply(value, root))
            except RAISED as error:
                scope.evaluation.fail(owner, field, error)
                made.append(ABSENT if field.omit_null else None)
        return made


def _steps(field: Field) -> list[_Step]:
    """Return the steps for default, required check, transformers and type, in that order."""
    steps: list[_Step] = []
    if field.default is not None:
        steps.append(_filled(field.default))
    if field.required:
        steps.append(_required)
    steps += [_transformed(made) for made in field.transformers]
    if field.convert is to_string:  # by far the most frequent
        steps.append(lambda values, _scope: texts_or_nulls(values))
    elif field.convert is not None:
        steps.append(_of_form(column_form(field.convert), empty=True))
    elif field.may_nest:
        steps.append(_sorted)
    if field.omit_null:
        steps.append(_bare if field.may_nest else _omitted)
    return steps


def _filled(default: Value) -> _Step:
    def step(values: list[Any], _scope: Scope) -> list[Any]:
        if all(values):
            return values
        return [default if value is None or value == "" else value for value in values]

    return step


def _required(values: list[Any], _scope: Scope) -> list[Any]:
    if not all(values) and any(value is None or value == "" for value in values):
        raise RequiredFieldError
    return values


def _transformed(made: FieldTransformer) -> _Step:
    transform = made.transform
    if isinstance(transform, ValueTransformer):
        form = transform.form
        return (lambda values, _scope: form(values)) if made.takes_null else _of_form(form)

    def step(values: list[Any], scope: Scope) -> list[Any]:
        pairs = zip(values, scope.roots(), strict=True)
        if made.takes_null:
            return [transform(value, root) for value, root in pairs]
        return [None if value is None else transform(value, root) for value, root in pairs]

    return step


def _of_form(form: ColumnForm, *, empty: bool = False) -> _Step:
    """Return the step that leaves nulls as they are, and makes null of empty texts if `empty`."""

    def step(values: list[Any], _scope: Scope) -> list[Any]:
        if all(values):
            return form(values)
        kinds = set(map(type, values))
        if NoneType not in kinds and not (empty and str in kinds and "" in values):
            return form(values)
        if empty:
            kept = [v is not None and (v.__class__ is not str or v != "") for v in values]
        else:
            kept = [v is not None for v in values]
        given = [value for value, is_kept in zip(values, kept, strict=True) if is_kept]
        made = iter(form(given))
        return [next(made) if is_kept else None for is_kept in kept]

    return step


def _sorted(values: list[Any], _scope: Scope) -> list[Any]:
    if _NESTED.isdisjoint(map(type, values)):
        return values
    return [sorted_keys(value) for value in values]


def _bare(values: list[Any], _scope: Scope) -> list[Any]:
    return [without_nulls(value, ABSENT) for value in values]


def _omitted(values: list[Any], _scope: Scope) -> list[Any]:
    return [ABSENT if value is None else value for value in values]
