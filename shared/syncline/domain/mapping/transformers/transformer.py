"""What a transformer is: a pure function that a factory makes of a field's options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from syncline.domain.mapping.transformers.options import Options
from syncline.domain.mapping.values.converters import plain_text
from syncline.domain.record import JsonObject, Record, Value

Transformer: TypeAlias = Callable[[Any, JsonObject], Any]
"""Takes the value and the whole record."""
Factory: TypeAlias = Callable[[Options], Transformer]


class ValueTransformer:
    """A transformer that needs the value alone; the compiler calls its function directly."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __call__(self, value: Value, _record: Record) -> Value:
        return self.function(value)


def value_only(transformer: Transformer) -> Callable[[Any], Any] | None:
    """Return the function of a transformer that does not look at the record, else None."""
    return transformer.function if isinstance(transformer, ValueTransformer) else None


def pure(function: Callable[[Any], Any]) -> Factory:
    made = ValueTransformer(function)
    return lambda _options: made


def of_text(function: Callable[[str], Any]) -> Factory:
    return pure(lambda value: function(value if type(value) is str else plain_text(value)))
