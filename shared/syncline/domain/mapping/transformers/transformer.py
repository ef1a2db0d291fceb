"""What a transformer is: a pure function that a factory makes of a field's options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from syncline.domain.mapping.refusal import ValueRefusedError
from syncline.domain.mapping.transformers.options import Options
from syncline.domain.mapping.values.column_forms import ColumnForm, column_form, each_text
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.record import MAX_RECORD, JsonObject, Record, Value

Transformer: TypeAlias = Callable[[Value, JsonObject], Value]
"""Takes the value and the whole record."""
Factory: TypeAlias = Callable[[Options], Transformer]


def within_limit(size: int, name: str) -> None:
    """Raise ValueRefusedError where a transformer would make a text of too many characters."""
    if size > MAX_RECORD:
        words = f"must have at most {MAX_RECORD:,} characters, `{name}` would make {size:,} of it"
        raise ValueRefusedError(words, code="value_too_large")


class ValueTransformer:
    """A transformer of the value alone; `form` takes a column's values that are not null."""

    def __init__(self, function: Callable[[Value], Value], form: ColumnForm | None = None) -> None:
        self.function = function
        self.form = form or column_form(function)

    def __call__(self, value: Value, _record: Record) -> Value:
        return self.function(value)


def pure(function: Callable[[Value], Value], form: ColumnForm | None = None) -> Factory:
    made = ValueTransformer(function, form)
    return lambda _options: made


def of_text(function: Callable[[str], Value]) -> Factory:
    def transform(value: Value) -> Value:
        return function(value if type(value) is str else plain_text(value))

    made = ValueTransformer(transform, each_text(function, transform))
    return lambda _options: made
