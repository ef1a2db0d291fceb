"""Brings a column of values through a field: each step of the field runs once over the whole list.

If a step raises, the field is applied to the values one by one instead, so that only the records
fail whose value breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from types import NoneType
from typing import TypeAlias

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
from syncline.domain.mapping.values.weight import weight_of, weight_of_all
from syncline.domain.record import Record, Value

FieldColumn: TypeAlias = Callable[[list[Value], Scope], list[Value]]
"""A field, or one step of it, over a column: takes a value for each row of the scope."""
_NESTED = frozenset({dict, list})
_NO_RECORD: Record = {}
_SLICE = 64
"""Values that are transformed before it is looked at how much text they have become."""


def column_function(field: Field) -> FieldColumn | None:
    """Return the function that applies a field to a column; None if the field changes no value.

    Its result holds ABSENT where `omitNull` leaves a null out. Where a value breaks the field it
    holds null or ABSENT, and the failure is kept in the scope's evaluation.
    """
    steps = _steps(field)
    if len(steps) <= 1:
        return _guarded(field, steps[0]) if steps else None

    def all_steps(values: list[Value], scope: Scope) -> list[Value]:
        for step in steps:
            values = step(values, scope)
        return values

    return _guarded(field, all_steps)


def _guarded(field: Field, step: FieldColumn) -> FieldColumn:
    reads_records = not all(isinstance(t.transform, ValueTransformer) for t in field.transformers)

    def apply(values: list[Value], scope: Scope) -> list[Value]:
        if scope.evaluation.check is not None:
            scope.evaluation.check()
        growth = scope.evaluation.growth
        before = growth.characters
        try:
            return step(values, scope)
        except RAISED:  # applying the values one by one finds out which of them raise
            growth.characters = before
            roots = scope.roots() if reads_records else repeat(_NO_RECORD, len(values))
            return _one_by_one(field, zip(values, roots, scope.owners, strict=True), scope)

    return apply


def _one_by_one(
    field: Field, rows: Iterable[tuple[Value, Record, int]], scope: Scope
) -> list[Value]:
    """Apply a field to values, each given with its record and the record's place."""
    made = []
    may_grow = any(made.may_grow for made in field.transformers)
    for value, root, owner in rows:
        try:
            one = field.apply(value, root)
            if may_grow:
                scope.evaluation.growth.add(weight_of(one) - weight_of(value))
            made.append(one)
        except RAISED as error:
            scope.evaluation.fail(owner, field, error)
            made.append(ABSENT if field.omit_null else None)
    return made


def _steps(field: Field) -> list[FieldColumn]:
    """Return the steps for default, required check, transformers and type, in that order."""
    steps: list[FieldColumn] = []
    if field.default is not None:
        steps.append(_filled(field.default))
    if field.required:
        steps.append(_required)
    steps += [_transformed(made) for made in field.transformers]
    if field.convert is to_string:  # by far the most frequent
        steps.append(_texts)
    elif field.convert is not None:
        steps.append(_of_form(column_form(field.convert), empty=True))
    elif field.may_nest:
        steps.append(_sorted)
    if field.omit_null:
        steps.append(_bare if field.may_nest else _omitted)
    return steps


def _texts(values: list[Value], _scope: Scope) -> list[Value]:
    return texts_or_nulls(values)


def _filled(default: Value) -> FieldColumn:
    def step(values: list[Value], _scope: Scope) -> list[Value]:
        if all(values):
            return values
        return [default if value is None or value == "" else value for value in values]

    return step


def _required(values: list[Value], _scope: Scope) -> list[Value]:
    if not all(values) and any(value is None or value == "" for value in values):
        raise RequiredFieldError
    return values


def _transformed(made: FieldTransformer) -> FieldColumn:
    """Return a transformer's step; where it may make more text, what it adds is counted."""
    step = _plain_step(made)
    if not made.may_grow:
        return step

    def counted(values: list[Value], scope: Scope) -> list[Value]:
        if len(values) <= _SLICE:
            return _counted(step, values, scope)
        grown: list[Value] = []
        for start in range(0, len(values), _SLICE):
            rows = range(start, min(start + _SLICE, len(values)))
            grown += _counted(step, values[start : rows.stop], scope.part(rows))
        return grown

    return counted


def _counted(step: FieldColumn, values: list[Value], scope: Scope) -> list[Value]:
    made = step(values, scope)
    scope.evaluation.growth.add(weight_of_all(made) - weight_of_all(values))
    return made


def _plain_step(made: FieldTransformer) -> FieldColumn:
    transform = made.transform
    if isinstance(transform, ValueTransformer):
        form = transform.form
        return (lambda values, _scope: form(values)) if made.takes_null else _of_form(form)

    def step(values: list[Value], scope: Scope) -> list[Value]:
        pairs = zip(values, scope.roots(), strict=True)
        if made.takes_null:
            return [transform(value, root) for value, root in pairs]
        return [None if value is None else transform(value, root) for value, root in pairs]

    return step


def _of_form(form: ColumnForm, *, empty: bool = False) -> FieldColumn:
    """Return the step that applies a form to all but nulls; `empty`: empty texts become null."""

    def step(values: list[Value], _scope: Scope) -> list[Value]:
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


def _sorted(values: list[Value], _scope: Scope) -> list[Value]:
    if _NESTED.isdisjoint(map(type, values)):
        return values
    return [sorted_keys(value) for value in values]


def _bare(values: list[Value], _scope: Scope) -> list[Value]:
    return [without_nulls(value, ABSENT) for value in values]


def _omitted(values: list[Value], _scope: Scope) -> list[Value]:
    return [ABSENT if value is None else value for value in values]
